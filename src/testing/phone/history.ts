/** What a phone tells a companion that was just linked: the key of the app state, and the chats so far. */

import { deflateSync } from "node:zlib";
import type { Account } from "../network/account.js";
import type { CompanionDevice } from "../network/companion-device.js";
import { historySync, protocolType, type ChatMessage, type HistorySync } from "../wire/chat-proto.js";

/** Kinds of history, by the service's numbers. */
const syncTypes = { bootstrap: 0, recent: 3, "push-names": 4 } as const;

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
  readonly kind?: keyof typeof syncTypes;
  readonly chats?: readonly HistoryChat[];
  /** Names that contacts gave themselves, by JID. */
  readonly pushNames?: Readonly<Record<string, string>>;
  /** Per cent. Default 100. */
  readonly progress?: number;
}

/** Gives a device the key of the account's app state, as the phone does after a link. */
export function shareAppStateKey(account: Account, device: CompanionDevice): void {
  const { keyId, keyData } = account.appState.key;
  account.chat.sendPeer(device, {
    protocolMessage: {
      type: protocolType.appStateKeyShare,
      appStateSyncKeyShare: {
        keys: [
          {
            keyId: { keyId },
            keyData: {
              keyData,
              fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0] },
              timestamp: account.seconds,
            },
          },
        ],
      },
    },
  });
}

/** Sends a device a part of the history, which travels in the message itself. */
export function sendHistory(account: Account, device: CompanionDevice, input: HistoryInput = {}): void {
  const { kind = "bootstrap", chats = [], pushNames = {}, progress = 100 } = input;
  const syncType = syncTypes[kind];
  const history: HistorySync = {
    syncType,
    chunkOrder: 1,
    progress,
    conversations: chats.map(conversation),
    pushnames: Object.entries(pushNames).map(([id, pushname]) => ({ id, pushname })),
  };
  const payload = deflateSync(historySync.encode(history));
  const content: ChatMessage = {
    protocolMessage: {
      type: protocolType.historySync,
      historySyncNotification: {
        syncType,
        chunkOrder: 1,
        progress,
        initialHistBootstrapInlinePayload: payload,
      },
    },
  };
  account.chat.sendPeer(device, content);
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
