/** People: what `manager.contacts` takes and gives. */
import type { CallOptions } from "./call-options.js";

/** Whether a phone number has a WhatsApp account. */
export interface NumberCheck {
  /** The number as the call named it, as `+` and digits. */
  readonly phoneNumber: string;
  readonly exists: boolean;
  /**
   * The JID to write to; null when there is no account. Of some numbers (Brazil, Mexico, Argentina) it has a digit more or less than the
   * number that was asked for.
   */
  readonly jid: string | null;
  /** The LID of the account; null where WhatsApp does not say. */
  readonly lid: string | null;
}

/** The size of a profile picture: about 96 or 640 pixels wide. */
export const PICTURE_SIZES = ["preview", "image"] as const;

/** See {@link PICTURE_SIZES}. */
export type PictureSize = (typeof PICTURE_SIZES)[number];

/** Options of `contacts.profilePicture`. */
export interface PictureOptions extends CallOptions {
  /** Default `image`, the large one. */
  readonly size?: PictureSize | undefined;
}

/** A profile picture. */
export interface ProfilePicture {
  /** Whose it is. */
  readonly jid: string;
  /** Where WhatsApp serves it, for some days; null when there is none, or it is hidden from this account. */
  readonly pictureUrl: string | null;
}

/**
 * People, as a session's account sees them. A `contact` is a phone number or a JID. Every method rejects as those of {@link GroupsApi}
 * do, with `NOT_ON_WHATSAPP` where WhatsApp has no account for the number.
 *
 * @example
 * const [check] = await manager.contacts.isOnWhatsApp(id, ["+55 11 99999-9999"]);
 * if (check?.exists) console.log("write to", check.jid);
 */
export interface ContactsApi {
  /**
   * Asks which phone numbers have an account: at most 500 at once, one result for each in the order given. Asking for many numbers that
   * nobody in the account's address book has gets accounts banned: ask for those that you are about to write to.
   */
  isOnWhatsApp(
    id: string,
    phoneNumbers: readonly string[],
    options?: CallOptions,
  ): Promise<readonly NumberCheck[]>;
  /** Returns the address of the profile picture of a person or a group. */
  profilePicture(id: string, contact: string, options?: PictureOptions): Promise<ProfilePicture>;
  /** Blocks a person, who can't write to the account any more. Blocked already: resolves. */
  block(id: string, contact: string, options?: CallOptions): Promise<void>;
  /** Ends a block. Not blocked: resolves. */
  unblock(id: string, contact: string, options?: CallOptions): Promise<void>;
  /** Lists the JIDs of the people whom the account has blocked; at most 5,000. */
  blocked(id: string, options?: CallOptions): Promise<readonly string[]>;
}
