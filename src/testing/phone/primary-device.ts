/** The phone of an account, its primary device: keys, chats and app state, behind the port the network knows it by. */
import type { Account, NewsletterPost, Phone } from "../network/account.js";
import type { CompanionDevice } from "../network/companion-device.js";
import type { Envelope } from "../network/envelope.js";
import type { Network } from "../network/network.js";
import { SignalParty, type KeyPair, type PreKeyBundle } from "../signal/index.js";
import { chatMessage } from "../wire/chat-proto.js";
import type { BinaryNode } from "../wire/node.js";
import { AppState } from "./app-state/app-state.js";
import { Chat } from "./chat.js";
import { PhoneCipher } from "./cipher.js";
import { appStateKeyMessage, historyMessage, type HistoryInput } from "./history.js";
import { MessageSender } from "./message-sender.js";
import { Outbox } from "./outbox.js";
import { answerMediaRetry } from "./media-retry.js";
import { PeerRequests } from "./peer-requests.js";

/** How a phone behaves. */
export interface PrimaryDeviceOptions {
  /** Send each new companion the app-state key and the first history automatically. */
  readonly initialSync: boolean;
}

/** The phone of one account. */
export class PrimaryDevice implements Phone {
  readonly chat: Chat;
  readonly outbox: Outbox;
  readonly appState: AppState;
  readonly #network: Network;
  readonly #initialSync: boolean;
  readonly #signal: SignalParty;
  readonly #cipher: PhoneCipher;
  readonly #sender: MessageSender;
  readonly #account: Account;
  readonly #peerRequests: PeerRequests;

  constructor(network: Network, account: Account, { initialSync }: PrimaryDeviceOptions) {
    this.#network = network;
    this.#account = account;
    this.#initialSync = initialSync;
    this.#signal = new SignalParty({ random: network.context.random });
    this.#cipher = new PhoneCipher(network, this.#signal);
    this.#sender = new MessageSender(network, account, this.#cipher);
    this.appState = new AppState(network, account);
    this.chat = new Chat(network, account, this.#cipher, this.#sender, {
      onPeerRequest: (device, id, request) => this.#peerRequests.answer(device, id, request),
    });
    this.outbox = new Outbox(network, account, this.chat, this.#sender);
    this.#peerRequests = new PeerRequests(network, this.chat, this.#sender);
  }

  get identity(): KeyPair {
    return this.#signal.identity;
  }

  takeBundle(): PreKeyBundle {
    return this.#signal.bundle();
  }

  receive(envelope: Envelope): void {
    this.chat.receive(envelope);
  }

  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    this.chat.log.noteReceipt(ids, status);
  }

  readdress(old: string, jid: string): void {
    this.chat.log.readdress(old, jid);
    if (this.#account.jid === jid) this.#cipher.beginAnew();
  }

  receivePost({ id, newsletter, content, fromMe }: NewsletterPost): void {
    const { seconds: timestamp } = this.#network.context;
    const status = fromMe ? "sent" : "received";
    const start = { id, chat: newsletter, from: newsletter, device: 0, fromMe, timestamp, status } as const;
    this.chat.receivePlain(chatMessage.decode(content), start);
  }

  storeMediaAgain(device: CompanionDevice, receipt: BinaryNode): void {
    answerMediaRetry(this.#network, this.#account, this.chat, { device, receipt });
  }

  resend(device: CompanionDevice, retry: BinaryNode): void {
    this.#sender.resend(device, retry);
  }

  forgetGroupKey(group: string): void {
    this.#cipher.forgetGroupKey(group);
  }

  answerAppState(device: CompanionDevice, sync: BinaryNode | undefined): readonly BinaryNode[] {
    return this.appState.answer(device, sync);
  }

  deviceActivated(device: CompanionDevice): void {
    if (!this.#initialSync) return;
    this.shareAppStateKey(device);
    this.sendHistory(device);
  }

  /** Sends a companion the key of the account's app state, as the phone does after a link. */
  shareAppStateKey(device: CompanionDevice): void {
    this.#sender.sendPeer(device, appStateKeyMessage(this.appState.key, this.#network.context.seconds));
  }

  /** Sends a companion a part of the history. */
  sendHistory(device: CompanionDevice, input: HistoryInput = {}): void {
    this.#sender.sendPeer(device, historyMessage(input, this.chat.files));
  }
}
