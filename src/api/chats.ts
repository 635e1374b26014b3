/** Chats: what `manager.chats` takes. */
import type { CallOptions } from "./call-options.js";

/** What contacts see of the account. */
export const PRESENCES = ["available", "unavailable"] as const;

/** `available` is "online". While it is, the phone shows no notifications. */
export type Presence = (typeof PRESENCES)[number];

/** What the other side of a chat sees of the account. */
export const CHAT_ACTIVITIES = ["typing", "recording", "paused"] as const;

/** `paused` ends the other two; without it WhatsApp ends them after some 25 seconds. */
export type ChatActivity = (typeof CHAT_ACTIVITIES)[number];

/** The key of a received message, as `messages.upsert` has it; other fields are ignored. */
export interface ReadMessageKey {
  /** The JID of the chat. */
  readonly remoteJid?: string | null | undefined;
  readonly id?: string | null | undefined;
  /** Own messages are skipped. */
  readonly fromMe?: boolean | null | undefined;
  /** Who wrote it, in a group. */
  readonly participant?: string | null | undefined;
}

/**
 * What a session's account shows others. Methods settle when the notice is sent: WhatsApp confirms none of them. They reject as those of
 * {@link GroupsApi} do.
 *
 * @example
 * await manager.chats.markRead(id, [message.key]);
 * await manager.chats.setActivity(id, message.key.remoteJid, "typing");
 */
export interface ChatsApi {
  /** Shows the account online or offline. Rejects with `INVALID_INPUT` while the account has no name, which WhatsApp wants for it. */
  setPresence(id: string, presence: Presence, options?: CallOptions): Promise<void>;
  /** Shows that somebody is typing or recording in a chat: a phone number, or the JID of a person or a group. */
  setActivity(id: string, chat: string, activity: ChatActivity, options?: CallOptions): Promise<void>;
  /**
   * Marks received messages as read, at most 1,000. Whether their authors see it depends on the account's privacy settings.
   */
  markRead(id: string, keys: readonly ReadMessageKey[], options?: CallOptions): Promise<void>;
}
