/** What a phone shows of its chats. */

/** How far a message got, as the phone knows it. */
export type ChatEntryStatus = "sent" | "delivered" | "read" | "received" | "revoked";

/** One message on a phone. */
export interface ChatEntry {
  readonly id: string;
  /** JID of the account at the other end, or of the group. */
  readonly chat: string;
  /** JID of the account that wrote it. */
  readonly from: string;
  /** Device that wrote it; 0 is a phone. */
  readonly device: number;
  /** Whether this phone's account wrote it, be it on the phone or on a companion. */
  readonly fromMe: boolean;
  /** Undefined when the content is not text. */
  readonly text: string | undefined;
  /** Seconds. */
  readonly timestamp: number;
  readonly status: ChatEntryStatus;
}

/** What came of sending a message. */
export interface SentText {
  readonly id: string;
  /** JID of the account or group it went to. */
  readonly to: string;
  /** Devices it was encrypted for, own companions included. */
  readonly deviceCount: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** Which kind of address the recipient sees the author by: the phone number, or the LID. Default `pn`. Not in groups. */
  readonly addressing?: "pn" | "lid";
}
