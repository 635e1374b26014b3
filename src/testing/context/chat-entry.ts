/** A message as a phone shows it. */

/** How far a message got, as the phone knows it. */
export type ChatEntryStatus = "sent" | "delivered" | "read" | "received" | "revoked";

/** Kinds of media. A `voice` note is an audio that was recorded in the chat. */
export type MediaMessageKind = "image" | "video" | "audio" | "voice" | "document" | "sticker";

/** Media in a message. `VirtualPhone.media` has its bytes. */
export interface MediaContent {
  readonly kind: MediaMessageKind;
  readonly mimetype: string | undefined;
  readonly caption?: string;
  /** Of a document. */
  readonly fileName?: string;
  /** Decrypted bytes, as the message announces them. */
  readonly size: number;
  /** Of a video, audio or voice note. */
  readonly seconds?: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Path on the media host. */
  readonly path: string | undefined;
}

/** A button: one that answers with its `id`, opens a `url`, calls a `phoneNumber`, or starts a `flow`. */
export interface MessageButton {
  readonly text: string;
  readonly id?: string;
  readonly url?: string;
  readonly phoneNumber?: string;
  /** Name of a native flow, with its parameters as JSON. */
  readonly flow?: string;
  readonly params?: string;
}

/** A card of a carousel, and what buttons, templates and interactive messages have in common. */
export interface ButtonsContent {
  readonly title?: string;
  readonly footer?: string;
  readonly buttons: readonly MessageButton[];
  /** Media above the text. */
  readonly header?: MediaContent;
}

/** A vote in a poll, by account. */
export interface PollVote {
  /** JID of the account. */
  readonly from: string;
  readonly options: readonly string[];
}

/** What a message holds. The text of all kinds is in `ChatEntry.text`. */
export type MessageContent =
  | {
      readonly kind: "text";
      /** The link that is previewed below the text. */
      readonly preview?: { readonly url: string; readonly title?: string; readonly description?: string };
    }
  | MediaContent
  | {
      readonly kind: "location";
      readonly latitude: number;
      readonly longitude: number;
      readonly name?: string;
      readonly address?: string;
      readonly live: boolean;
    }
  | {
      readonly kind: "contacts";
      readonly contacts: readonly { readonly name: string; readonly vcard: string }[];
    }
  | (ButtonsContent & { readonly kind: "buttons" | "template" })
  | (ButtonsContent & {
      readonly kind: "interactive";
      /** Cards side by side, each with its text. */
      readonly cards?: readonly (ButtonsContent & { readonly text?: string })[];
    })
  | {
      readonly kind: "list";
      readonly title?: string;
      readonly footer?: string;
      /** The text on the button that opens the list. */
      readonly button: string;
      readonly sections: readonly {
        readonly title?: string;
        readonly rows: readonly {
          readonly id: string;
          readonly title: string;
          readonly description?: string;
        }[];
      }[];
    }
  | {
      /** The answer to a message with buttons, a template, or a list: the id of what was chosen. */
      readonly kind: "reply";
      readonly to: "buttons" | "template" | "list" | "interactive";
      readonly id: string;
      /** Of an interactive message: what its flow answers, as JSON. */
      readonly params?: string;
    }
  | {
      readonly kind: "poll";
      readonly name: string;
      readonly options: readonly string[];
      /** How many options one account may choose; 0: any number. */
      readonly selectable: number;
      readonly votes: readonly PollVote[];
    }
  | {
      readonly kind: "group-invite";
      readonly group: string;
      readonly code: string;
      readonly name?: string;
    }
  | { readonly kind: "product"; readonly id: string; readonly title?: string }
  | { readonly kind: "event"; readonly name: string; readonly startsAt?: number; readonly cancelled: boolean }
  /** Something the emulator does not read. */
  | { readonly kind: "unknown" };

/** A reaction, by account. */
export interface Reaction {
  /** JID of the account. */
  readonly from: string;
  readonly emoji: string;
}

/** The message that another one quotes. */
export interface Quote {
  readonly id: string;
  /** JID of its author, when the message says so. */
  readonly from?: string;
  readonly text?: string;
  readonly kind: MessageContent["kind"];
}

/** One message on a phone. */
export interface ChatEntry {
  readonly id: string;
  /** JID of the account at the other end, of the group, of the newsletter, or `status@broadcast`. */
  readonly chat: string;
  /** JID of the account that wrote it. */
  readonly from: string;
  /** Device that wrote it; 0 is a phone. */
  readonly device: number;
  /** Whether this phone's account wrote it, be it on the phone or on a companion. */
  readonly fromMe: boolean;
  /** What a person reads: the text, the caption of media, the body above buttons. Undefined when there is none. */
  readonly text: string | undefined;
  readonly content: MessageContent;
  /** Seconds. */
  readonly timestamp: number;
  readonly status: ChatEntryStatus;
  /** Its text was replaced by its author, so many times. */
  readonly edits: number;
  /** One per account, in the order of reacting. */
  readonly reactions: readonly Reaction[];
  readonly quote?: Quote;
  /** JIDs of the accounts that it mentions. */
  readonly mentions: readonly string[];
  readonly forwarded: boolean;
  /** It can be opened once only. */
  readonly viewOnce: boolean;
  /** Seconds after which it disappears; undefined: it stays. */
  readonly disappearsAfter?: number;
  /** It is pinned in its chat. */
  readonly pinned: boolean;
}
