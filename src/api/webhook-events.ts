/** The fourteen events that a webhook can subscribe to, in the order of docs/contract.md. */
export const WEBHOOK_EVENTS = [
  "connection.update",
  "messages.upsert",
  "messages.update",
  "messages.delete",
  "message-receipt.update",
  "groups.upsert",
  "groups.update",
  "group-participants.update",
  "contacts.upsert",
  "contacts.update",
  "presence.update",
  "chats.upsert",
  "chats.update",
  "chats.delete",
] as const;

/** The name of one of the fourteen events. */
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number];
