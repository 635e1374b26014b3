/** What companions ask their phone for: older messages of a chat, and messages that they could not decrypt. */
import type { ChatEntry } from "../context/chat-entry.js";
import type { Network } from "../network/network.js";
import {
  PEER_REQUEST,
  PROTOCOL_TYPE,
  webMessageInfo,
  type ProtocolMessage,
  type WebMessageInfo,
} from "../wire/chat-proto.js";
import { node } from "../wire/node.js";
import type { Chat } from "./chat.js";
import type { KeptMessage } from "./chat-log.js";
import { historyNotice, ON_DEMAND } from "./history.js";
import type { MessageSender } from "./message-sender.js";

type PeerRequest = NonNullable<ProtocolMessage["peerDataOperationRequestMessage"]>;

const DEFAULT_COUNT = 50;

/** Answers the requests of one phone's companions. */
export class PeerRequests {
  readonly #network: Network;
  readonly #chat: Chat;
  readonly #sender: MessageSender;

  constructor(network: Network, chat: Chat, sender: MessageSender) {
    this.#network = network;
    this.#chat = chat;
    this.#sender = sender;
  }

  /** Answers a request; one that the emulator does not know is recorded. */
  answer(deviceJid: string, id: string, request: PeerRequest): void {
    const device = this.#network.directory.device(deviceJid);
    if (device === undefined) return;
    const { peerDataOperationRequestType: type = 0 } = request;
    if (type === PEER_REQUEST.historyOnDemand)
      return this.#sender.sendPeer(device, { protocolMessage: this.#history(id, request) });
    if (type === PEER_REQUEST.placeholderResend)
      return this.#sender.sendPeer(device, { protocolMessage: this.#resend(id, request) });
    device.connection?.refuseUnknown(node("message", { xmlns: "peer", type: `request ${type}` }));
  }

  #history(id: string, { historySyncOnDemandRequest = {} }: PeerRequest): ProtocolMessage {
    const { chatJid = "", oldestMsgId, onDemandMsgCount = DEFAULT_COUNT } = historySyncOnDemandRequest;
    const jid = this.#network.directory.find(chatJid)?.jid ?? chatJid;
    const all = this.#chat.log.inChat(jid);
    const at = all.findIndex(({ entry }) => entry.id === oldestMsgId);
    const older = (at < 0 ? all : all.slice(0, at)).slice(-onDemandMsgCount);
    const messages = older.toReversed().map((kept) => ({ message: this.#info(kept) }));
    const notice = historyNotice(
      { syncType: ON_DEMAND, chunkOrder: 1, progress: 100, conversations: [{ id: jid, messages }] },
      this.#chat.files,
      { peerDataRequestSessionId: id },
    );
    return { type: PROTOCOL_TYPE.historySync, historySyncNotification: notice };
  }

  #resend(stanzaId: string, { placeholderMessageResendRequest = [] }: PeerRequest): ProtocolMessage {
    const found = placeholderMessageResendRequest.map(({ messageKey }) => {
      const chat = this.#network.directory.find(messageKey?.remoteJid)?.jid ?? messageKey?.remoteJid;
      return this.#chat.find(messageKey?.id ?? "", chat);
    });
    const results = found.map((kept) =>
      kept === undefined
        ? {}
        : {
            placeholderMessageResendResponse: {
              webMessageInfoBytes: webMessageInfo.encode(this.#info(kept)),
            },
          },
    );
    return {
      type: PROTOCOL_TYPE.peerResponse,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType: PEER_REQUEST.placeholderResend,
        stanzaId,
        peerDataOperationResult: results,
      },
    };
  }

  #info({ entry, message }: KeptMessage): WebMessageInfo {
    const { messageTimestamp, key } = infoOf(entry, this.#network.groups.find(entry.chat) !== undefined);
    const pushName = this.#network.directory.find(entry.from)?.name;
    return { key, message, messageTimestamp, ...(pushName !== undefined && !entry.fromMe && { pushName }) };
  }
}

function infoOf(
  { id, chat, fromMe, from, timestamp }: ChatEntry,
  isGroup: boolean,
): Required<Pick<WebMessageInfo, "key" | "messageTimestamp">> {
  const participant = isGroup && !fromMe ? { participant: from } : {};
  return { key: { remoteJid: chat, fromMe, id, ...participant }, messageTimestamp: timestamp };
}
