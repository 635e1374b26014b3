/** Finds in the library's events what claims a message of somebody: revokes and edits, with who sent them. */
import type { RefusedClaim } from "../../api/authorship.js";
import type { MessageChange } from "../library.js";
import { bareAddress, personOf, type Person } from "./person.js";

/** `ProtocolMessage.Type` of WhatsApp. */
const REVOKE = 0;
const MESSAGE_EDIT = 14;
/** `SecretEncryptedMessage.SecretEncType.MESSAGE_EDIT`. */
const SECRET_EDIT = 2;
/** `WebMessageInfo.StubType.REVOKE`. */
const REVOKED = 1;
/** How many wrappers (ephemeral, edited, …) are looked into; libraries unwrap five at most. */
const MAX_DEPTH = 6;

/** A message's key, with the second addresses that each library gives it. */
export interface Key {
  readonly remoteJid?: string | null;
  readonly fromMe?: boolean | null;
  readonly id?: string | null;
  readonly participant?: string | null;
  /** Of Baileys 7. */
  readonly remoteJidAlt?: string | null;
  readonly participantAlt?: string | null;
  /** Of whaileys. */
  readonly senderPn?: string | null;
  readonly senderLid?: string | null;
  readonly participantPn?: string | null;
  readonly participantLid?: string | null;
}

/** A message, as far as it is looked at. */
export interface KeyedMessage {
  readonly key?: Key | null;
  readonly message?: unknown;
  /** The author, in parts of the history. */
  readonly participant?: string | null;
}

/** An entry of `messages.update`, as far as it is looked at. */
export interface KeyedUpdate {
  readonly key: Key;
  readonly update: { readonly message?: unknown; readonly messageStubType?: unknown };
}

/** Somebody says that a message is revoked or edited. */
export interface Claim extends RefusedClaim {
  /** The JID of the group; empty if it is not in a group. */
  readonly group: string;
  readonly sender: Person;
  /** Whom the sender itself names as the author of the message, if it is not the sender. */
  readonly named: Person | undefined;
}

interface Content {
  readonly protocolMessage?: {
    readonly key?: Key | null;
    readonly type?: unknown;
    readonly editedMessage?: unknown;
  } | null;
  readonly secretEncryptedMessage?: {
    readonly targetMessageKey?: Key | null;
    readonly secretEncType?: unknown;
  } | null;
}

/** The author of a message, by its key; undefined if it does not say. */
export function authorOf({ key, participant }: KeyedMessage, me: Person): Person | undefined {
  if (key?.fromMe === true) return me;
  if (key == null) return undefined;
  const { remoteJid } = key;
  if (isShared(remoteJid))
    return personOf(
      key.participant ?? participant,
      key.participantAlt,
      key.participantPn,
      key.participantLid,
    );
  return personOf(remoteJid, key.remoteJidAlt, key.senderPn, key.senderLid);
}

/** The JID of the group a key is about; empty if it is about no group. */
export function groupOf({ remoteJid }: Key): string {
  return remoteJid?.endsWith("@g.us") === true ? remoteJid : "";
}

/** The claims in a message; none in nearly all. */
export function claimsIn(message: KeyedMessage, me: Person): readonly Claim[] {
  return contentsOf(message.message).flatMap((content) => {
    const { kind, target } = aboutOther(content) ?? {};
    const claim = kind && target && claimOf({ kind, message, target, me });
    return claim === undefined ? [] : [claim];
  });
}

/** The revokes and edits in the content of a message; none in nearly all. */
export function changesIn(message: unknown): readonly MessageChange[] {
  return contentsOf(message).flatMap((content) => {
    const { kind, target } = aboutOther(content) ?? {};
    if (kind === undefined || target?.id == null || target.id === "") return [];
    const edited = kind === "edit" ? content.protocolMessage?.editedMessage : undefined;
    return [{ kind, id: target.id, ...(edited == null ? {} : { edited }) }];
  });
}

/** The claim that an update was made from. Libraries give such an update the key of the claiming message, with the id of the other. */
export function claimIn({ key, update }: KeyedUpdate, me: Person): Claim | undefined {
  const isEdit =
    typeof update.message === "object" && update.message !== null && "editedMessage" in update.message;
  if (update.messageStubType !== REVOKED && !isEdit) return undefined;
  const target = { id: key.id ?? null };
  return claimOf({ kind: isEdit ? "edit" : "revoke", message: { key }, target, me });
}

function claimOf(input: {
  readonly kind: Claim["kind"];
  readonly message: KeyedMessage;
  readonly target: Key;
  readonly me: Person;
}): Claim | undefined {
  const { kind, message, target, me } = input;
  const sender = authorOf(message, me);
  if (sender === undefined || message.key == null || target.id == null || target.id === "") return undefined;
  const { key } = message;
  const address =
    key.fromMe === true ? (me.pn ?? me.lid) : isShared(key.remoteJid) ? key.participant : key.remoteJid;
  return {
    kind,
    claimedBy: bareAddress(address ?? message.participant) ?? "",
    chat: key.remoteJid ?? "",
    messageId: target.id,
    group: groupOf(key),
    sender,
    named: namedIn(target, key, me),
  };
}

/** The key inside a claim is written from its sender's point of view. */
function namedIn(target: Key, key: Key, me: Person): Person | undefined {
  if (target.fromMe !== false) return undefined;
  if (groupOf(key) !== "") return personOf(target.participant);
  if (isShared(key.remoteJid)) return undefined;
  return key.fromMe === true ? personOf(key.remoteJid, key.remoteJidAlt) : me;
}

function aboutOther(content: Content): { kind: Claim["kind"]; target: Key } | undefined {
  const { protocolMessage: protocol, secretEncryptedMessage: secret } = content;
  // A kind that is left out is the first of the enumeration.
  if (protocol?.key != null && (protocol.type ?? REVOKE) === REVOKE)
    return { kind: "revoke", target: protocol.key };
  if (protocol?.key != null && protocol.type === MESSAGE_EDIT) return { kind: "edit", target: protocol.key };
  if (secret?.targetMessageKey != null && secret.secretEncType === SECRET_EDIT)
    return { kind: "edit", target: secret.targetMessageKey };
  return undefined;
}

/** A message's content, and the contents that are wrapped in it. */
function contentsOf(content: unknown, depth = 0): Content[] {
  if (typeof content !== "object" || content === null || depth > MAX_DEPTH) return [];
  const wrapped = Object.values(content).flatMap((part: unknown) =>
    typeof part === "object" && part !== null && "message" in part ? contentsOf(part.message, depth + 1) : [],
  );
  return [content, ...wrapped];
}

/** Whether several people write to the chat: groups, broadcasts, the status. */
function isShared(jid: string | null | undefined): boolean {
  return jid?.endsWith("@g.us") === true || jid?.endsWith("@broadcast") === true;
}
