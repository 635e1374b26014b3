/**
 * What the library hands out as a message may hold keys: the phone gives its companions the app-state key in one, and the first
 * message of an author to a group carries the author's sender key. The contract keeps keys out of every event.
 */
import type { BaileysEventMap, WAMessage } from "whaileys";
import type { WebhookEventName } from "../api/webhook-events.js";

type Content = NonNullable<WAMessage["message"]>;

/** The event's data without keys; undefined when nothing else was in it. The library's own objects are left as they are. */
export function withoutKeys<Name extends WebhookEventName>(
  name: Name,
  data: BaileysEventMap[Name],
): BaileysEventMap[Name] | undefined {
  if (name !== "messages.upsert") return data;
  const upsert = data as BaileysEventMap["messages.upsert"];
  const messages = upsert.messages.filter((message) => !givesAppStateKey(message.message)).map(keyFree);
  if (messages.length === 0 && upsert.messages.length > 0) return undefined;
  return { ...upsert, messages } as BaileysEventMap[Name];
}

function givesAppStateKey(content: WAMessage["message"]): boolean {
  const protocol = content?.protocolMessage ?? content?.deviceSentMessage?.message?.protocolMessage;
  return protocol?.appStateSyncKeyShare !== undefined && protocol.appStateSyncKeyShare !== null;
}

function keyFree(message: WAMessage): WAMessage {
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

/** A copy that is still of the library's class. */
function copied<Shape extends object>(original: Shape, change: Partial<Shape>): Shape {
  const copy = Object.create(Object.getPrototypeOf(original) as object) as Shape;
  return Object.assign(copy, original, change);
}
