/** The content of messages as the codecs read and write it: media, and what asks for a choice. Every field may be missing. */

/** Names one message. */
export interface MessageKey {
  readonly remoteJid?: string;
  readonly fromMe?: boolean;
  readonly id?: string;
  readonly participant?: string;
}

/** What stands around a message. */
export interface ContextInfo {
  /** Id and author of the message that is quoted. */
  readonly stanzaId?: string;
  readonly participant?: string;
  /** Its content: a `ChatMessage`, which may hold a context in turn. */
  readonly quotedMessage?: object;
  readonly remoteJid?: string;
  readonly mentionedJid?: readonly string[];
  readonly forwardingScore?: number;
  readonly isForwarded?: boolean;
  /** Seconds after which it disappears. */
  readonly expiration?: number;
  readonly ephemeralSettingTimestamp?: number;
}

/** Content that may have a context. */
export interface WithContext {
  readonly contextInfo?: ContextInfo;
}

/** Image, video, audio, document or sticker; each has some of these. */
export interface MediaMessage extends WithContext {
  readonly url?: string;
  readonly directPath?: string;
  readonly mimetype?: string;
  readonly caption?: string;
  readonly fileName?: string;
  readonly title?: string;
  readonly fileSha256?: Uint8Array;
  readonly fileEncSha256?: Uint8Array;
  readonly fileLength?: number;
  readonly mediaKey?: Uint8Array;
  readonly mediaKeyTimestamp?: number;
  readonly height?: number;
  readonly width?: number;
  readonly seconds?: number;
  readonly ptt?: boolean;
  readonly gifPlayback?: boolean;
  readonly isAnimated?: boolean;
  readonly viewOnce?: boolean;
  readonly jpegThumbnail?: Uint8Array;
  readonly waveform?: Uint8Array;
}

/** A place. */
export interface LocationMessage extends WithContext {
  readonly degreesLatitude?: number;
  readonly degreesLongitude?: number;
  readonly name?: string;
  readonly address?: string;
  readonly url?: string;
}

/** A contact card. */
export interface ContactMessage extends WithContext {
  readonly displayName?: string;
  readonly vcard?: string;
}

/** What may stand above a text with buttons. */
interface MediaHeader {
  readonly imageMessage?: MediaMessage;
  readonly videoMessage?: MediaMessage;
  readonly documentMessage?: MediaMessage;
  readonly locationMessage?: LocationMessage;
}

/** Up to three buttons under a text. */
export interface ButtonsMessage extends WithContext, MediaHeader {
  readonly text?: string;
  readonly contentText?: string;
  readonly footerText?: string;
  readonly buttons?: readonly {
    readonly buttonId?: string;
    readonly buttonText?: { readonly displayText?: string };
    readonly type?: number;
    readonly nativeFlowInfo?: { readonly name?: string; readonly paramsJson?: string };
  }[];
  readonly headerType?: number;
}

/** A list that opens on a button. */
export interface ListMessage extends WithContext {
  readonly title?: string;
  readonly description?: string;
  readonly buttonText?: string;
  readonly footerText?: string;
  readonly listType?: number;
  readonly sections?: readonly {
    readonly title?: string;
    readonly rows?: readonly {
      readonly title?: string;
      readonly description?: string;
      readonly rowId?: string;
    }[];
  }[];
}

/** A template of a business, filled in. */
export interface HydratedTemplate extends MediaHeader {
  readonly hydratedTitleText?: string;
  readonly hydratedContentText?: string;
  readonly hydratedFooterText?: string;
  readonly hydratedButtons?: readonly {
    readonly index?: number;
    readonly quickReplyButton?: { readonly displayText?: string; readonly id?: string };
    readonly urlButton?: { readonly displayText?: string; readonly url?: string };
    readonly callButton?: { readonly displayText?: string; readonly phoneNumber?: string };
  }[];
}

/** A message with native flows: buttons of any kind, described in JSON; or cards side by side. */
export interface InteractiveMessage extends WithContext {
  readonly header?: MediaHeader & { readonly title?: string; readonly subtitle?: string };
  readonly body?: { readonly text?: string };
  readonly footer?: { readonly text?: string };
  readonly nativeFlowMessage?: {
    readonly buttons?: readonly { readonly name?: string; readonly buttonParamsJson?: string }[];
    readonly messageParamsJson?: string;
  };
  readonly carouselMessage?: { readonly cards?: readonly InteractiveMessage[] };
}

/** A poll. */
export interface PollMessage extends WithContext {
  readonly name?: string;
  readonly options?: readonly { readonly optionName?: string }[];
  /** 0: any number. */
  readonly selectableOptionsCount?: number;
}

/** A vote, encrypted with the secret of the poll. */
export interface PollUpdateMessage {
  readonly pollCreationMessageKey?: MessageKey;
  readonly vote?: { readonly encPayload?: Uint8Array; readonly encIv?: Uint8Array };
  readonly senderTimestampMs?: number;
}

/** What a member of a group calls itself there, in a `ProtocolMessage`. */
export interface MemberLabelChange {
  readonly memberLabel?: { readonly label?: string };
}

/** Keys of the app state, in a `ProtocolMessage`. */
export interface AppStateSyncKeyShare {
  readonly keys: readonly {
    readonly keyId: { readonly keyId: Uint8Array };
    readonly keyData: {
      readonly keyData: Uint8Array;
      readonly fingerprint?: {
        readonly rawId: number;
        readonly currentIndex: number;
        readonly deviceIndexes: readonly number[];
      };
      readonly timestamp?: number;
    };
  }[];
}
