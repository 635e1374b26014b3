/** The content of messages, with the fields the emulator reads and writes. Field numbers are the service's. */
import { codecsOf } from "./codec.js";

const SCHEMA = `
syntax = "proto2";
message MessageKey {
  optional string remoteJid = 1; optional bool fromMe = 2; optional string id = 3; optional string participant = 4;
}
message KeyId { optional bytes keyId = 1; }
message Fingerprint { optional uint32 rawId = 1; optional uint32 currentIndex = 2; repeated uint32 deviceIndexes = 3; }
message KeyData { optional bytes keyData = 1; optional Fingerprint fingerprint = 2; optional int64 timestamp = 3; }
message AppStateSyncKey { optional KeyId keyId = 1; optional KeyData keyData = 2; }
message AppStateSyncKeyShare { repeated AppStateSyncKey keys = 1; }
message HistorySyncNotification {
  optional uint32 syncType = 6; optional uint32 chunkOrder = 7; optional uint32 progress = 9;
  optional bytes initialHistBootstrapInlinePayload = 11;
}
message ProtocolMessage {
  optional MessageKey key = 1; optional uint32 type = 2;
  optional HistorySyncNotification historySyncNotification = 6;
  optional AppStateSyncKeyShare appStateSyncKeyShare = 7;
  optional ChatMessage editedMessage = 14;
}
message SenderKeyDistributionMessage { optional string groupId = 1; optional bytes axolotlSenderKeyDistributionMessage = 2; }
message ReactionMessage { optional MessageKey key = 1; optional string text = 2; optional int64 senderTimestampMs = 4; }
message ExtendedText { optional string text = 1; }
message DeviceSent { optional string destinationJid = 1; optional ChatMessage message = 2; }
message ChatMessage {
  optional string conversation = 1;
  optional SenderKeyDistributionMessage senderKeyDistributionMessage = 2;
  optional ExtendedText extendedTextMessage = 6;
  optional ProtocolMessage protocolMessage = 12;
  optional DeviceSent deviceSentMessage = 31;
  optional ReactionMessage reactionMessage = 46;
}
message WebMessageInfo {
  required MessageKey key = 1; optional ChatMessage message = 2; optional uint64 messageTimestamp = 3;
  optional string participant = 5; optional string pushName = 19;
}
message HistorySyncMsg { optional WebMessageInfo message = 1; optional uint64 msgOrderId = 2; }
message Conversation {
  required string id = 1; repeated HistorySyncMsg messages = 2; optional uint32 unreadCount = 6;
  optional uint64 conversationTimestamp = 12; optional string name = 13;
}
message Pushname { optional string id = 1; optional string pushname = 2; }
message HistorySync {
  required uint32 syncType = 1; repeated Conversation conversations = 2; optional uint32 chunkOrder = 5;
  optional uint32 progress = 6; repeated Pushname pushnames = 7;
}
`;

/** Names one message. */
export interface MessageKey {
  readonly remoteJid?: string;
  readonly fromMe?: boolean;
  readonly id?: string;
  readonly participant?: string;
}

/** Kinds of a protocol message. */
export const PROTOCOL_TYPE = { revoke: 0, historySync: 5, appStateKeyShare: 6, edit: 14 } as const;

/** A message about other messages, or between the devices of one account. */
interface ProtocolMessage {
  readonly key?: MessageKey;
  /** Absent means 0, a revocation. */
  readonly type?: number;
  readonly historySyncNotification?: {
    readonly syncType: number;
    readonly chunkOrder?: number;
    readonly progress?: number;
    /** A deflated {@link HistorySync}. */
    readonly initialHistBootstrapInlinePayload?: Uint8Array;
  };
  readonly appStateSyncKeyShare?: {
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
  };
  readonly editedMessage?: ChatMessage;
}

/** The content of a message. */
export interface ChatMessage {
  readonly conversation?: string;
  readonly extendedTextMessage?: { readonly text?: string };
  readonly deviceSentMessage?: { readonly destinationJid?: string; readonly message?: ChatMessage };
  readonly senderKeyDistributionMessage?: {
    readonly groupId?: string;
    readonly axolotlSenderKeyDistributionMessage?: Uint8Array;
  };
  readonly protocolMessage?: ProtocolMessage;
  readonly reactionMessage?: {
    readonly key?: MessageKey;
    readonly text?: string;
    readonly senderTimestampMs?: number;
  };
}

/** A part of the chat history of an account. */
export interface HistorySync {
  readonly syncType: number;
  readonly conversations?: readonly {
    readonly id: string;
    readonly name?: string;
    readonly unreadCount?: number;
    readonly conversationTimestamp?: number;
    readonly messages?: readonly {
      readonly message: {
        readonly key: MessageKey;
        readonly message?: ChatMessage;
        readonly messageTimestamp?: number;
        readonly pushName?: string;
      };
    }[];
  }[];
  readonly chunkOrder?: number;
  readonly progress?: number;
  readonly pushnames?: readonly { readonly id: string; readonly pushname: string }[];
}

const codec = codecsOf(SCHEMA);

/** Reads and writes the content of a message, without its padding. */
export const chatMessage = codec<ChatMessage>("ChatMessage");
/** Reads and writes a part of the history, not deflated. */
export const historySync = codec<HistorySync>("HistorySync");
