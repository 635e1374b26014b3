/** What a user does that all devices of the account share, and how it is encoded. */

/** The five collections; each has its own version. */
export const COLLECTION_NAMES = [
  "critical_block",
  "critical_unblock_low",
  "regular_high",
  "regular_low",
  "regular",
] as const;

/** Name of a collection. */
type CollectionName = (typeof COLLECTION_NAMES)[number];

/** Something the user does on the phone. `chat` and `jid` are JIDs. */
export type SyncAction =
  | { readonly kind: "archive"; readonly chat: string; readonly archived: boolean }
  /** `until`: milliseconds since the epoch, null to end it. */
  | { readonly kind: "mute"; readonly chat: string; readonly until: number | null }
  | { readonly kind: "pin"; readonly chat: string; readonly pinned: boolean }
  | { readonly kind: "read"; readonly chat: string; readonly read: boolean }
  | { readonly kind: "delete-chat"; readonly chat: string }
  | { readonly kind: "clear-chat"; readonly chat: string }
  | { readonly kind: "delete-message"; readonly chat: string; readonly id: string; readonly fromMe: boolean }
  | {
      readonly kind: "star";
      readonly chat: string;
      readonly id: string;
      readonly fromMe: boolean;
      readonly starred: boolean;
    }
  | { readonly kind: "contact"; readonly jid: string; readonly name: string }
  | { readonly kind: "push-name"; readonly name: string };

/** An action as a collection holds it. */
export interface Mutation {
  readonly collection: CollectionName;
  readonly index: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
  /** Version of this kind of action. */
  readonly version: number;
}

const flag = (value: boolean): string => (value ? "1" : "0");

/** Encodes an action done at `seconds`. On the wire its own time is in milliseconds, the times of messages are in seconds. */
export function mutationOf(action: SyncAction, seconds: number): Mutation {
  const { collection, index, value, version } = partsOf(action, seconds);
  return { collection, index, version, value: { timestamp: seconds * 1000, ...value } };
}

function partsOf(action: SyncAction, seconds: number): Mutation {
  const range = { messageRange: { lastMessageTimestamp: seconds } };
  switch (action.kind) {
    case "archive":
      return low(["archive", action.chat], 3, { archiveChatAction: { archived: action.archived, ...range } });
    case "read":
      return low(["markChatAsRead", action.chat], 3, {
        markChatAsReadAction: { read: action.read, ...range },
      });
    case "pin":
      return low(["pin_v1", action.chat], 5, { pinAction: { pinned: action.pinned } });
    case "star":
      return low(["star", action.chat, action.id, flag(action.fromMe), "0"], 2, {
        starAction: { starred: action.starred },
      });
    case "mute":
      return high(["mute", action.chat], 2, {
        muteAction: {
          muted: action.until !== null,
          ...(action.until === null ? {} : { muteEndTimestamp: action.until }),
        },
      });
    case "delete-chat":
      return high(["deleteChat", action.chat, "1"], 6, { deleteChatAction: range });
    case "clear-chat":
      return high(["clearChat", action.chat, "1", "0"], 6, { clearChatAction: range });
    case "delete-message":
      return high(["deleteMessageForMe", action.chat, action.id, flag(action.fromMe), "0"], 3, {
        deleteMessageForMeAction: { deleteMedia: true, messageTimestamp: seconds },
      });
    case "contact":
      return {
        collection: "critical_unblock_low",
        index: ["contact", action.jid],
        version: 2,
        value: { contactAction: { fullName: action.name, firstName: action.name.split(" ")[0] } },
      };
    case "push-name":
      return {
        collection: "critical_block",
        index: ["setting_pushName"],
        version: 1,
        value: { pushNameSetting: { name: action.name } },
      };
  }
}

function low(index: readonly string[], version: number, value: Mutation["value"]): Mutation {
  return { collection: "regular_low", index, version, value };
}

function high(index: readonly string[], version: number, value: Mutation["value"]): Mutation {
  return { collection: "regular_high", index, version, value };
}
