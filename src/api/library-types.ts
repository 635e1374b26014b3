/**
 * The types that callers see of a Baileys-family library: whaileys' where it is installed, else Baileys 7's, else plain ones of our own, so that
 * nothing is `any` because a library is missing. In the build each import has a `@ts-ignore` (.ci/finish-build.ts).
 */
import type {
  AuthenticationCreds as WhaileysCredentials,
  BaileysEventMap as WhaileysEvents,
  UserFacingSocketConfig as WhaileysConfig,
  WAMessage as WhaileysMessage,
  WASocket as WhaileysSocket,
} from "whaileys";
import type {
  AuthenticationCreds as BaileysCredentials,
  BaileysEventMap as BaileysEvents,
  UserFacingSocketConfig as BaileysConfig,
  WAMessage as BaileysMessage,
  WASocket as BaileysSocket,
} from "baileys";
import type { WebhookEventName } from "./webhook-events.js";

/** Whether a type is `any`: what becomes of the types of a package that is not there. In a list, because TypeScript decides nothing about those. */
type IsAny<T> = [0] extends [1 & T] ? true : false;

/** The first of the types that is there. */
type FirstKnown<Whaileys, Baileys, Plain> =
  IsAny<Whaileys> extends false ? Whaileys : IsAny<Baileys> extends false ? Baileys : Plain;

/** Which message: the chat, the message's id, who sent it. */
interface PlainMessageKey {
  readonly remoteJid?: string | null;
  readonly fromMe?: boolean | null;
  readonly id?: string | null;
  readonly participant?: string | null;
}

/** A message, where no library's type is there. */
interface PlainMessage {
  readonly key: PlainMessageKey;
  readonly message?: Readonly<Record<string, unknown>> | null;
  readonly pushName?: string | null;
  readonly messageTimestamp?: unknown;
}

type PlainEvents = {
  readonly [Name in Exclude<WebhookEventName, "messages.upsert">]: unknown;
} & { readonly "messages.upsert": { readonly messages: readonly PlainMessage[]; readonly type: string } };

/** A socket, where no library's type is there: what most of them have in common. */
interface PlainSocket {
  readonly user?: { readonly id: string; readonly name?: string };
  sendMessage(jid: string, content: object, options?: object): Promise<PlainMessage | undefined>;
  readonly [member: string]: unknown;
}

/** The socket of the library that is installed. */
export type LibrarySocket = FirstKnown<WhaileysSocket, BaileysSocket, PlainSocket>;
/** The credentials of a linked device. */
export type LibraryCredentials = FirstKnown<WhaileysCredentials, BaileysCredentials, object>;
/** A message as the library has it. */
export type LibraryMessage = FirstKnown<WhaileysMessage, BaileysMessage, PlainMessage>;
/** The payloads of WhatsApp's events by name. */
export type LibraryEvents = FirstKnown<WhaileysEvents, BaileysEvents, PlainEvents>;
/** What the library's socket is made with. */
export type LibraryConfig = FirstKnown<
  WhaileysConfig,
  BaileysConfig,
  { readonly getMessage?: (key: PlainMessageKey) => Promise<unknown> }
>;
