/**
 * Removes keys from events. Some messages carry them: the phone shares the app-state key with its companions in one, and an author's
 * first message to a group contains the author's sender key. docs/decisions/0007-no-key-in-an-event.md.
 */
import type { WAMessage } from "whaileys";
import type { NamedWhatsAppEvent } from "../api/events.js";

type Content = NonNullable<WAMessage["message"]>;

/** Returns the event without keys, or undefined if it contains nothing else. The library's own objects are not changed. */
export function redactKeys(event: NamedWhatsAppEvent): NamedWhatsAppEvent | undefined {
  if (event.name !== "messages.upsert") return event;
  const { data } = event;
  const messages = data.messages.filter((message) => !sharesAppStateKey(message.message)).map(redacted);
  if (messages.length === 0) return undefined;
  return { name: event.name, data: { ...data, messages } };
}

function sharesAppStateKey(content: WAMessage["message"]): boolean {
  const protocol = content?.protocolMessage ?? content?.deviceSentMessage?.message?.protocolMessage;
  return protocol?.appStateSyncKeyShare !== undefined && protocol.appStateSyncKeyShare !== null;
}

function redacted(message: WAMessage): WAMessage {
  const { message: content } = message;
  if (content === undefined || content === null) return message;
  const inner = content.deviceSentMessage?.message;
  if (!hasSenderKey(content) && !hasSenderKey(inner)) return message;
  const clean = withoutSenderKey(content);
  if (inner !== undefined && inner !== null && clean.deviceSentMessage)
    clean.deviceSentMessage = copied(clean.deviceSentMessage, { message: withoutSenderKey(inner) });
  return copied(message, { message: clean });
}

function hasSenderKey(content: WAMessage["message"]): boolean {
  return Boolean(
    content?.senderKeyDistributionMessage ?? content?.fastRatchetKeySenderKeyDistributionMessage,
  );
}

function withoutSenderKey(content: Content): Content {
  const clean = copied(content, {});
  delete clean.senderKeyDistributionMessage;
  delete clean.fastRatchetKeySenderKeyDistributionMessage;
  return clean;
}

/** Copies a message object; the copy keeps the library's class. */
function copied<Shape extends object>(original: Shape, change: Partial<Shape>): Shape {
  const copy = Object.create(Object.getPrototypeOf(original) as object) as Shape;
  return Object.assign(copy, original, change);
}
