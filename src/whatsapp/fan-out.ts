/**
 * A message goes to many devices, each with keys of its own, and the libraries reject all of it when those of one are badly signed, damaged or
 * refused by WhatsApp. Here that device is left out, and the others receive it. A message to one person that would reach none of the person's
 * devices is rejected.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import type { SignalDataSet } from "whaileys";
import { LazySet } from "../async/lazy-collections.js";
import { leaveNow } from "../async/sending.js";
import { ZpwootError } from "../errors.js";
import { hookGroupRetries, inGroupOrder, isToMany } from "./group-turns.js";
import { watchKeyAnswers } from "./key-answers.js";
import type { SentMessageKeeper, TransactionalKeys, WhatsAppSocket } from "./library.js";
import type { Emitter } from "./pending-queries.js";
import type { BadSignature } from "./signatures/socket-checks.js";

/** A device of a recipient has badly signed keys. */
const BADLY_SIGNED = {
  check: "pre-key",
  refused: true,
  message: "a message is not sent to a device: its keys are not signed by the identity of the device",
} as const;

/** Why a message is not sent to a device: nobody who could be the device signed its keys, or WhatsApp has none that can be used. */
type LeftOutFor = "signature" | "no-keys";

const sends = ((globalThis as Record<symbol, unknown>)[Symbol.for("zpwoot.fan-outs")] ??=
  new AsyncLocalStorage()) as AsyncLocalStorage<FanOut | SentAgain>;

/** A library sends a message of a group again, for a member who could not read it. */
interface SentAgain {
  readonly group: string;
  readonly isAgain: true;
}

/** The message that the caller's work belongs to; undefined if it belongs to none. */
export function currentFanOut(): FanOut | undefined {
  const sent = sends.getStore();
  return sent === undefined || "isAgain" in sent ? undefined : sent;
}

/** What a {@link FanOut} needs. */
interface FanOutOptions {
  readonly jid: string;
  readonly ownUsers: ReadonlySet<string>;
  readonly onLeftOut: (device: string, why: LeftOutFor) => void;
  readonly onContent: (content: unknown) => void;
}

/** One message on its way to devices. */
export class FanOut {
  readonly #jid: string;
  readonly #ownUsers: ReadonlySet<string>;
  readonly #onLeftOut: (device: string, why: LeftOutFor) => void;
  #onContent: ((content: unknown) => void) | undefined;
  /** Signal addresses. */
  readonly #refused = new Set<string>();
  readonly #withoutKeys = new Set<string>();
  readonly #leftOut = new Map<string, LeftOutFor>();
  #keysCame = false;
  #isLeaving = false;

  constructor({ jid, ownUsers, onLeftOut, onContent }: FanOutOptions) {
    this.#jid = jid;
    this.#ownUsers = ownUsers;
    this.#onLeftOut = onLeftOut;
    this.#onContent = onContent;
  }

  /** What the message is, before it is encrypted. The first call counts: others are of what goes with it. */
  content(content: unknown): void {
    this.#onContent?.(content);
    this.#onContent = undefined;
  }

  /** Its first part is about to be encrypted: nothing more is asked about it. Throws when it was given up meanwhile, and is sent otherwise. */
  leaving(): void {
    if (this.#isLeaving) return;
    leaveNow();
    this.#isLeaving = true;
  }

  /** The group that it is for; undefined if it is for one person. */
  get group(): string | undefined {
    return isToMany(this.#jid) ? this.#jid : undefined;
  }

  /** The keys of the device at a Signal address are badly signed. */
  refuse(address: string): void {
    this.#refused.add(address);
  }

  /** Whether the keys of the device at a Signal address were badly signed. */
  refused(address: string): boolean {
    return this.#refused.has(address);
  }

  /** WhatsApp answered with keys, but with none that can be used for these devices. */
  keysCame(withoutKeys: readonly string[]): void {
    this.#keysCame = true;
    for (const device of withoutKeys) this.#withoutKeys.add(device);
  }

  /** Whether some of its devices may lack keys: WhatsApp was asked for them. */
  get mayLackKeys(): boolean {
    return this.#keysCame;
  }

  /** Whether the message is not encrypted to some device. */
  get leavesOut(): boolean {
    return this.#leftOut.size > 0;
  }

  /** The message is not encrypted to the device, for which there are no keys. */
  leaveOut(device: string): void {
    if (this.#leftOut.has(device)) return;
    const why = this.#refused.size > 0 && !this.#withoutKeys.has(device) ? "signature" : "no-keys";
    this.#leftOut.set(device, why);
    this.#onLeftOut(device, why);
  }

  /** Whether the message is not encrypted to the device. */
  leftOut(device: string): boolean {
    return this.#leftOut.has(device);
  }

  /**
   * Throws `BAD_SIGNATURE` or `RECIPIENT_UNREACHABLE` if the message is for one person, and none of these devices of that person is left. Call
   * it for all devices of the person at once.
   */
  requireRecipient(devices: readonly string[]): void {
    if (this.group !== undefined) return;
    const toSelf = this.#ownUsers.has(userOf(this.#jid));
    const theirs = devices.filter((device) => toSelf || !this.#ownUsers.has(userOf(device)));
    if (theirs.length === 0 || theirs.some((device) => !this.leftOut(device))) return;
    if (theirs.some((device) => this.#leftOut.get(device) === "signature"))
      throw new ZpwootError(
        "BAD_SIGNATURE",
        "The message was not sent: the keys of the recipient's devices are not signed by the identity of the device",
      );
    throw new ZpwootError(
      "RECIPIENT_UNREACHABLE",
      "The message was not sent: WhatsApp has no keys for any device of the recipient",
    );
  }
}

/** What {@link fanOutMessages} needs, and reports. */
interface FanOutMessagesOptions {
  /** Gets each message before it is encrypted. */
  readonly sent: SentMessageKeeper;
  /** A device has badly signed keys. Called once per message. */
  readonly onBadSignature: (failed: BadSignature) => void;
  /** Called once for each device without keys. */
  readonly warn: (text: string, fields: object) => void;
}

/**
 * Makes every message of a socket leave out devices with badly signed keys, and without. Call it after the engine's key store is in place, and
 * before the first message.
 */
export function fanOutMessages(socket: WhatsAppSocket, options: FanOutMessagesOptions): void {
  const { sendMessage, relayMessage } = socket;
  const without = new LazySet<string>();
  const onLeftOut = (device: string, why: LeftOutFor): void => {
    if (why === "signature") return options.onBadSignature({ ...BADLY_SIGNED, device });
    if (without.has(device)) return;
    without.add(device);
    options.warn("messages are not sent to a device: WhatsApp has no keys for it", { device });
  };
  const send = async <T>(jid: string, id: string, call: () => Promise<T>): Promise<T> => {
    await options.sent.ready();
    const ownUsers = ownUsersOf(socket);
    const onContent = (content: unknown): void => {
      // Nobody asks a channel for a message again.
      if (!jid.endsWith("@newsletter")) options.sent.keep({ id, chat: jid, content });
    };
    try {
      return await sends.run(new FanOut({ jid, ownUsers, onLeftOut, onContent }), call);
    } finally {
      // Stored already, unless it was encrypted to no device.
      if (options.sent.isWaiting(id)) keys.set({})?.catch(() => {});
    }
  };
  const ws = socket.ws as unknown as Emitter;
  hookGroupRetries(ws, (group, handle) => sends.run({ group, isAgain: true }, handle));
  watchKeyAnswers(ws, () => {
    const fanOut = currentFanOut();
    return fanOut && ((devices) => fanOut.keysCame(devices));
  });
  socket.sendMessage = (jid, content, given) => {
    const messageId = given?.messageId ?? newMessageId();
    return send(jid, messageId, async () => {
      const sent = await sendMessage(jid, content, { ...given, messageId });
      // Of a library that says nothing before it encrypts.
      if (sent?.message != null) currentFanOut()?.content(sent.message);
      return sent;
    });
  };
  socket.relayMessage = (jid, content, given) => {
    // To one device that asked for it again: there is no other.
    if (given.participant !== undefined) return relayMessage(jid, content, given);
    const messageId = given.messageId ?? newMessageId();
    return send(jid, messageId, () => {
      currentFanOut()?.content(content);
      return relayMessage(jid, content, { ...given, messageId });
    });
  };
  const keys = socket.authState.keys as TransactionalKeys;
  const set = keys.set.bind(keys);
  keys.set = (data) => set(withoutLeftOut(data));
  keys.transaction = inGroupOrder(keys.transaction.bind(keys), () => sends.getStore()?.group);
}

/** The libraries note which devices have the key of a group before they know which get it: those that did not are tried again next time. */
function withoutLeftOut(data: SignalDataSet): SignalDataSet {
  const fanOut = currentFanOut();
  const memory = data["sender-key-memory"];
  if (fanOut?.leavesOut !== true || memory === undefined) return data;
  const corrected = Object.entries(memory).map(([group, devices]) => {
    const entries = Object.entries(devices ?? {}).filter(([device]) => !fanOut.leftOut(device));
    return [group, Object.fromEntries(entries)] as const;
  });
  return { ...data, "sender-key-memory": Object.fromEntries(corrected) };
}

/** An id as WhatsApp Web makes them. */
function newMessageId(): string {
  return `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
}

function ownUsersOf({ authState }: WhatsAppSocket): ReadonlySet<string> {
  const { id, lid } = authState.creds.me ?? {};
  return new Set([id, lid].flatMap((jid) => (jid === undefined ? [] : [userOf(jid)])));
}

/** The user in a JID: the phone number, or the digits of the LID. */
function userOf(jid: string): string {
  return jid.replace(/[:@].*$/, "");
}
