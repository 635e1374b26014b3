/** An account as the service and its parts see it: the phone's keys and chats, and the devices linked to it. */

import { AppState } from "../phone/app-state/index.js";
import { Chat } from "../phone/chat.js";
import type { CompanionDevice } from "./companion-device.js";
import { sendHistory, shareAppStateKey } from "../phone/history.js";
import { formatJid, lidServer, phoneServer } from "../wire/jid.js";
import type { Service } from "./service.js";
import { PhoneCipher } from "../phone/cipher.js";
import { SignalParty, type KeyPair, type PreKeyBundle } from "../signal/index.js";

/** What an account is made of. */
export interface AccountInput {
  /** Digits only. */
  readonly phoneNumber: string;
  readonly name: string | undefined;
  /** User part of the LID. */
  readonly lidUser: string;
  /** Give each new companion the app-state key and the first history by itself. */
  readonly initialSync: boolean;
}

/** One account. */
export class Account {
  readonly phoneNumber: string;
  readonly lidUser: string;
  readonly name: string | undefined;
  readonly chat: Chat;
  readonly cipher: PhoneCipher;
  readonly appState: AppState;
  readonly #initialSync: boolean;
  readonly #service: Service;
  readonly #signal: SignalParty;
  readonly #devices = new Map<number, CompanionDevice>();
  #lastDeviceNumber = 0;

  constructor(service: Service, { phoneNumber, name, lidUser, initialSync }: AccountInput) {
    this.#service = service;
    this.#initialSync = initialSync;
    this.#signal = new SignalParty({ random: service.random });
    this.cipher = new PhoneCipher(service, this.#signal);
    this.appState = new AppState(service, this);
    this.phoneNumber = phoneNumber;
    this.name = name;
    this.lidUser = lidUser;
    this.chat = new Chat(service, this, this.cipher);
  }

  /** `<number>@s.whatsapp.net`. */
  get jid(): string {
    return formatJid({ user: this.phoneNumber, server: phoneServer });
  }

  /** `<lid>@lid`. */
  get lid(): string {
    return formatJid({ user: this.lidUser, server: lidServer });
  }

  /** Identity key pair of the phone. */
  get identity(): KeyPair {
    return this.#signal.identity;
  }

  /** Keys to start an encrypted session with the phone; each call spends a fresh one-time pre-key. */
  takeBundle(): PreKeyBundle {
    return this.#signal.bundle();
  }

  /** The linked devices, in the order of linking. */
  get devices(): readonly CompanionDevice[] {
    return [...this.#devices.values()];
  }

  /** The linked device of a number. */
  device(number: number): CompanionDevice | undefined {
    return this.#devices.get(number);
  }

  /** A device number never used before. */
  allotDeviceNumber(): number {
    this.#lastDeviceNumber += 1;
    return this.#lastDeviceNumber;
  }

  /** Takes a verified device into the account. */
  adopt(device: CompanionDevice): void {
    this.#devices.set(device.number, device);
    const { jid, number } = device;
    this.#service.hub.emit("linked", { phoneNumber: this.phoneNumber, jid, device: number });
  }

  /** Wall-clock time in seconds. */
  get seconds(): number {
    return this.#service.seconds;
  }

  /** Called when a device has had its traffic for the first time since it was linked. */
  firstActive(device: CompanionDevice): void {
    if (!this.#initialSync) return;
    shareAppStateKey(this, device);
    sendHistory(this, device);
  }

  /** Takes a device out of the account, and ends its connection as an unlinked device's. */
  unlink(device: CompanionDevice, by: "phone" | "companion"): void {
    this.#devices.delete(device.number);
    this.#service.hub.emit("unlinked", { phoneNumber: this.phoneNumber, jid: device.jid, by });
    device.connection?.perform({ streamError: 401 });
  }
}
