/** What a phone sends a companion that was just linked: the key of the app state, and the chats so far. */
import { deflateSync } from "node:zlib";
import {
  historySync,
  PROTOCOL_TYPE,
  type ChatMessage,
  type HistorySync,
  type HistorySyncNotification,
} from "../wire/chat-proto.js";
import type { AppStateKey } from "./app-state/keys.js";
import type { MediaFiles } from "./content/media-files.js";

/** Kinds of history, by the service's numbers. */
const SYNC_TYPES = { bootstrap: 0, recent: 3, "push-names": 4 } as const;

/** The kind of a history that a companion asked for. */
export const ON_DEMAND = 6;

/** A chat of the history. */
export interface HistoryChat {
  /** JID of the account or group. */
  readonly jid: string;
  readonly name?: string;
  readonly unreadCount?: number;
  /** Oldest first. */
  readonly messages?: readonly HistoryMessage[];
}

/** A message of the history. */
export interface HistoryMessage {
  readonly id: string;
  readonly text: string;
  readonly fromMe?: boolean;
  /** Seconds. */
  readonly timestamp: number;
  /** JID of the author, in a group. */
  readonly participant?: string;
}

/** A part of the history. */
export interface HistoryInput {
  /** `bootstrap`, the default, is the first one after a link. */
  readonly kind?: keyof typeof SYNC_TYPES;
  readonly chats?: readonly HistoryChat[];
  /** Names that contacts chose for themselves, by JID. */
  readonly pushNames?: Readonly<Record<string, string>>;
  /** Per cent. Default 100. */
  readonly progress?: number;
}

/** The message with the key of an account's app state. */
export function appStateKeyMessage({ keyId, keyData }: AppStateKey, seconds: number): ChatMessage {
  const fingerprint = { rawId: 1, currentIndex: 0, deviceIndexes: [0] };
  const key = { keyId: { keyId }, keyData: { keyData, fingerprint, timestamp: seconds } };
  return {
    protocolMessage: { type: PROTOCOL_TYPE.appStateKeyShare, appStateSyncKeyShare: { keys: [key] } },
  };
}

/** The message with a part of the history. */
export function historyMessage(input: HistoryInput, files: MediaFiles): ChatMessage {
  const { kind = "bootstrap", chats = [], pushNames = {}, progress = 100 } = input;
  const part = { syncType: SYNC_TYPES[kind], chunkOrder: 1, progress };
  const history: HistorySync = {
    ...part,
    conversations: chats.map(conversation),
    pushnames: Object.entries(pushNames).map(([id, pushname]) => ({ id, pushname })),
  };
  return {
    protocolMessage: {
      type: PROTOCOL_TYPE.historySync,
      historySyncNotification: historyNotice(history, files),
    },
  };
}

/**
 * The notice of a part of the history. It holds that part, so that clients need no media host for it, and says where it is stored, for those
 * that read nothing else.
 */
export function historyNotice(
  history: HistorySync,
  files: MediaFiles,
  more: Partial<HistorySyncNotification> = {},
): HistorySyncNotification {
  const { syncType, chunkOrder = 1, progress = 100 } = history;
  const payload = deflateSync(historySync.encode(history));
  const stored = files.storeHistory(payload);
  return { ...more, ...stored, syncType, chunkOrder, progress, initialHistBootstrapInlinePayload: payload };
}

function conversation({ jid, name, unreadCount = 0, messages = [] }: HistoryChat) {
  const newest = messages.at(-1)?.timestamp;
  return {
    id: jid,
    unreadCount,
    ...(name === undefined ? {} : { name }),
    ...(newest === undefined ? {} : { conversationTimestamp: newest }),
    // Newest first, as phones send them.
    messages: messages.toReversed().map(({ id, text, fromMe = false, timestamp, participant }) => ({
      message: {
        key: { remoteJid: jid, fromMe, id, ...(participant === undefined ? {} : { participant }) },
        message: { conversation: text },
        messageTimestamp: timestamp,
      },
    })),
  };
}
