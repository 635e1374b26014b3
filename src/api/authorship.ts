/** Who revoked or edited a message, as far as it can be proved. */

/**
 * Whether the sender of a revoke or an edit was entitled to it. `author`: it is the author of the message. `admin`: it is an admin of
 * the group when the message arrives (who was one when it was sent WhatsApp does not say), who may revoke what others wrote. `unverified`: neither proved nor disproved, because the session does not know who
 * wrote the message, or could not ask for the group's admins.
 */
export type Authorship = "author" | "admin" | "unverified";

/**
 * What the engine adds to each revoke and edit that it passes on: to the message in `messages.upsert`, and to `update` in
 * `messages.update`. The types of the events, which are the library's, don't show it.
 *
 * @example
 * manager.on("messages.update", ({ data }) => {
 *   for (const { key, update } of data) {
 *     const { authorship, claimedBy } = update as Partial<AuthorshipMark>;
 *     if (authorship === "unverified") console.warn(`${claimedBy} says that ${key.id} is revoked`);
 *   }
 * });
 */
export interface AuthorshipMark {
  readonly authorship: Authorship;
  /** The JID of who sent it, in the form of address that the event's `key` has. */
  readonly claimedBy: string;
}

/** A revoke or edit of a message by somebody who is neither its author nor entitled as an admin. */
export interface RefusedClaim {
  readonly kind: "revoke" | "edit";
  /** The JID of who sent it. */
  readonly claimedBy: string;
  /** The JID of the chat it was sent to. */
  readonly chat: string;
  /** The id of the message that was to be revoked or edited. */
  readonly messageId: string;
}
