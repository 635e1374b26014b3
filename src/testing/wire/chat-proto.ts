/** The content of messages, with the fields the emulator reads and writes. */
import type {
  AppStateSyncKeyShare,
  ButtonsMessage,
  ContactMessage,
  HydratedTemplate,
  InteractiveMessage,
  ListMessage,
  LocationMessage,
  MediaMessage,
  MemberLabelChange,
  MessageKey,
  PollMessage,
  PollUpdateMessage,
  WithContext,
} from "./chat-content.js";
import { CHAT_SCHEMA } from "./chat-schema.js";
import { codecsOf } from "./codec.js";

/** Kinds of a protocol message. */
export const PROTOCOL_TYPE = {
  revoke: 0,
  ephemeralSetting: 3,
  historySync: 5,
  appStateKeyShare: 6,
  edit: 14,
  peerRequest: 16,
  peerResponse: 17,
  memberLabel: 30,
} as const;

/** What a companion may ask the phone for. */
export const PEER_REQUEST = { historyOnDemand: 3, placeholderResend: 4 } as const;

/** Where a part of the history is: in the message itself, or stored as media. */
export interface HistorySyncNotification {
  readonly syncType: number;
  readonly chunkOrder?: number;
  readonly progress?: number;
  /** A deflated {@link HistorySync}. */
  readonly initialHistBootstrapInlinePayload?: Uint8Array;
  readonly fileSha256?: Uint8Array;
  readonly fileEncSha256?: Uint8Array;
  readonly fileLength?: number;
  readonly mediaKey?: Uint8Array;
  readonly directPath?: string;
  readonly peerDataRequestSessionId?: string;
}

/** A message about other messages, or between the devices of one account. */
export interface ProtocolMessage extends MemberLabelChange {
  readonly key?: MessageKey;
  /** Absent means 0, a revocation. */
  readonly type?: number;
  /** Seconds after which messages of the chat disappear; 0: never. */
  readonly ephemeralExpiration?: number;
  readonly ephemeralSettingTimestamp?: number;
  readonly timestampMs?: number;
  readonly historySyncNotification?: HistorySyncNotification;
  readonly appStateSyncKeyShare?: AppStateSyncKeyShare;
  readonly editedMessage?: ChatMessage;
  readonly peerDataOperationRequestMessage?: {
    readonly peerDataOperationRequestType?: number;
    readonly historySyncOnDemandRequest?: {
      readonly chatJid?: string;
      readonly oldestMsgId?: string;
      readonly oldestMsgFromMe?: boolean;
      readonly onDemandMsgCount?: number;
      readonly oldestMsgTimestampMs?: number;
    };
    readonly placeholderMessageResendRequest?: readonly { readonly messageKey?: MessageKey }[];
  };
  readonly peerDataOperationRequestResponseMessage?: {
    readonly peerDataOperationRequestType: number;
    readonly stanzaId: string;
    readonly peerDataOperationResult: readonly {
      readonly placeholderMessageResendResponse?: { readonly webMessageInfoBytes: Uint8Array };
    }[];
  };
}

/** A message inside another one. */
interface Wrapped {
  readonly message?: ChatMessage;
}

/** The content of a message. */
export interface ChatMessage {
  readonly conversation?: string;
  readonly extendedTextMessage?: WithContext & {
    readonly text?: string;
    /** The link that is previewed, with its title and description. */
    readonly matchedText?: string;
    readonly title?: string;
    readonly description?: string;
    readonly jpegThumbnail?: Uint8Array;
  };
  readonly imageMessage?: MediaMessage;
  readonly videoMessage?: MediaMessage;
  readonly ptvMessage?: MediaMessage;
  readonly audioMessage?: MediaMessage;
  readonly documentMessage?: MediaMessage;
  readonly stickerMessage?: MediaMessage;
  readonly locationMessage?: LocationMessage;
  readonly liveLocationMessage?: LocationMessage & { readonly caption?: string };
  readonly contactMessage?: ContactMessage;
  readonly contactsArrayMessage?: WithContext & {
    readonly displayName?: string;
    readonly contacts?: readonly ContactMessage[];
  };
  readonly groupInviteMessage?: WithContext & {
    readonly groupJid?: string;
    readonly inviteCode?: string;
    readonly inviteExpiration?: number;
    readonly groupName?: string;
    readonly caption?: string;
  };
  readonly productMessage?: WithContext & {
    readonly product?: {
      readonly productId?: string;
      readonly title?: string;
      readonly description?: string;
    };
    readonly businessOwnerJid?: string;
    readonly body?: string;
    readonly footer?: string;
  };
  readonly eventMessage?: WithContext & {
    readonly name?: string;
    readonly description?: string;
    readonly startTime?: number;
    readonly isCanceled?: boolean;
  };
  readonly buttonsMessage?: ButtonsMessage;
  readonly buttonsResponseMessage?: WithContext & {
    readonly selectedButtonId?: string;
    readonly selectedDisplayText?: string;
    readonly type?: number;
  };
  readonly listMessage?: ListMessage;
  readonly listResponseMessage?: WithContext & {
    readonly title?: string;
    readonly description?: string;
    readonly listType?: number;
    readonly singleSelectReply?: { readonly selectedRowId?: string };
  };
  readonly templateMessage?: WithContext & {
    readonly hydratedFourRowTemplate?: HydratedTemplate;
    readonly hydratedTemplate?: HydratedTemplate;
    readonly interactiveMessageTemplate?: InteractiveMessage;
  };
  readonly templateButtonReplyMessage?: WithContext & {
    readonly selectedId?: string;
    readonly selectedDisplayText?: string;
    readonly selectedIndex?: number;
  };
  readonly interactiveMessage?: InteractiveMessage;
  readonly interactiveResponseMessage?: WithContext & {
    readonly body?: { readonly text?: string };
    readonly nativeFlowResponseMessage?: {
      readonly name?: string;
      readonly paramsJson?: string;
      readonly version?: number;
    };
  };
  readonly pollCreationMessage?: PollMessage;
  readonly pollCreationMessageV2?: PollMessage;
  readonly pollCreationMessageV3?: PollMessage;
  readonly pollUpdateMessage?: PollUpdateMessage;
  readonly reactionMessage?: {
    readonly key?: MessageKey;
    readonly text?: string;
    readonly senderTimestampMs?: number;
  };
  readonly pinInChatMessage?: {
    readonly key?: MessageKey;
    readonly type?: number;
    readonly senderTimestampMs?: number;
  };
  readonly keepInChatMessage?: {
    readonly key?: MessageKey;
    readonly keepType?: number;
    readonly timestampMs?: number;
  };
  readonly ephemeralMessage?: Wrapped;
  readonly viewOnceMessage?: Wrapped;
  readonly viewOnceMessageV2?: Wrapped;
  readonly viewOnceMessageV2Extension?: Wrapped;
  readonly documentWithCaptionMessage?: Wrapped;
  readonly editedMessage?: Wrapped;
  readonly protocolMessage?: ProtocolMessage;
  readonly deviceSentMessage?: { readonly destinationJid?: string; readonly message?: ChatMessage };
  readonly senderKeyDistributionMessage?: {
    readonly groupId?: string;
    readonly axolotlSenderKeyDistributionMessage?: Uint8Array;
  };
  readonly messageContextInfo?: { readonly messageSecret?: Uint8Array };
}

/** A message as histories hold it. */
export interface WebMessageInfo {
  readonly key: MessageKey;
  readonly message?: ChatMessage;
  readonly messageTimestamp?: number;
  readonly participant?: string;
  readonly pushName?: string;
}

/** A part of the chat history of an account. */
export interface HistorySync {
  readonly syncType: number;
  readonly conversations?: readonly {
    readonly id: string;
    readonly name?: string;
    readonly unreadCount?: number;
    readonly conversationTimestamp?: number;
    readonly endOfHistoryTransferType?: number;
    readonly messages?: readonly { readonly message: WebMessageInfo }[];
  }[];
  readonly chunkOrder?: number;
  readonly progress?: number;
  readonly pushnames?: readonly { readonly id: string; readonly pushname: string }[];
}

const codec = codecsOf(CHAT_SCHEMA);

/** Reads and writes the content of a message, without its padding. */
export const chatMessage = codec<ChatMessage>("ChatMessage");
/** Reads and writes a part of the history, not deflated. */
export const historySync = codec<HistorySync>("HistorySync");
/** Reads and writes a message of a history. */
export const webMessageInfo = codec<WebMessageInfo>("WebMessageInfo");
/** Reads and writes which options of a poll were chosen. */
export const pollVote = codec<{ readonly selectedOptions?: readonly Uint8Array[] }>("PollVote");
/** Reads and writes what a phone answers when it is asked to store media again. */
export const mediaRetry = codec<{
  readonly stanzaId?: string;
  readonly directPath?: string;
  readonly result?: number;
}>("MediaRetry");
