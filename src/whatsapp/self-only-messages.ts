/**
 * Protocol messages that are valid only between the devices of one account: the app-state key, the history, answers to requests of ours.
 * Libraries differ in whether they ask who sent one, so a stranger could replace the account's key or send a made-up history.
 */
import type { WAMessage } from "whaileys";

/** A message as far as it is looked at. */
interface Content {
  protocolMessage?: (Readonly<Record<string, unknown>> & { readonly type?: unknown }) | null;
}

/** A message as far as it is looked at here. */
export interface ReceivedMessage {
  readonly key: { readonly fromMe?: boolean | null };
  readonly message?: WAMessage["message"];
}

/** What stands in place of the type of a refused message: none of the protocol's. */
const REFUSED = -1;

/** `ProtocolMessage.Type` of WhatsApp. */
const SELF_ONLY: ReadonlySet<unknown> = new Set([
  REFUSED,
  4, // EPHEMERAL_SYNC_RESPONSE
  5, // HISTORY_SYNC_NOTIFICATION
  6, // APP_STATE_SYNC_KEY_SHARE
  7, // APP_STATE_SYNC_KEY_REQUEST
  8, // MSG_FANOUT_BACKFILL_REQUEST
  9, // INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC
  10, // APP_STATE_FATAL_EXCEPTION_NOTIFICATION
  16, // PEER_DATA_OPERATION_REQUEST_MESSAGE
  17, // PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE
  22, // LID_MIGRATION_MAPPING_SYNC
]);
/** What those types contain. Libraries look for some of it whatever the type says. */
const SELF_ONLY_FIELDS = [
  "historySyncNotification",
  "appStateSyncKeyShare",
  "appStateSyncKeyRequest",
  "initialSecurityNotificationSettingSync",
  "appStateFatalExceptionNotification",
  "peerDataOperationRequestMessage",
  "peerDataOperationRequestResponseMessage",
  "lidMigrationMappingSyncMessage",
];
/** How many wrappers (ephemeral, view once, edited, …) are looked into; libraries unwrap five at most. */
const MAX_DEPTH = 6;

/** Whether a message from somebody else contains what only the account's own devices may send. */
export function isForged({ key, message }: ReceivedMessage): boolean {
  return key.fromMe !== true && holdersOf(message).length > 0;
}

/** Takes from a forged message what makes it one, so that a library finds nothing in it to act on. Others are not changed. */
export function disarm(received: ReceivedMessage): void {
  if (received.key.fromMe === true) return;
  for (const holder of holdersOf(received.message)) holder.protocolMessage = { type: REFUSED };
}

/** Returns the contents, wrapped ones too, with a protocol message that only the account's own devices may send. */
function holdersOf(content: unknown, depth = 0): Content[] {
  if (typeof content !== "object" || content === null || depth > MAX_DEPTH) return [];
  const { protocolMessage } = content as Content;
  const own = isSelfOnly(protocolMessage) ? [content as Content] : [];
  const wrapped = Object.values(content).flatMap((part: unknown) =>
    typeof part === "object" && part !== null && "message" in part ? holdersOf(part.message, depth + 1) : [],
  );
  return [...own, ...wrapped];
}

function isSelfOnly(message: Content["protocolMessage"]): boolean {
  if (message == null) return false;
  return SELF_ONLY.has(message.type) || SELF_ONLY_FIELDS.some((field) => message[field] != null);
}
