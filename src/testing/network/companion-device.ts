/** A linked device as the service knows it: its keys, its stock of pre-keys, and what waits for it. */

import type { Connection } from "../server/connection.js";
import { formatJid, lidServer, phoneServer } from "../wire/jid.js";
import type { SignedPublicPreKey } from "../signal/key-bytes.js";
import { OfflineQueue } from "./offline-queue.js";
import type { Account } from "./account.js";
import type { PreKeyBundle } from "../signal/index.js";

/** Keys a client registers with; they become the device's when it is linked. */
export interface DeviceKeys {
  /** Static key of its handshakes; a login must use the same. */
  readonly noiseKey: Uint8Array;
  readonly identityKey: Uint8Array;
  readonly registrationId: number;
  readonly signedPreKey: SignedPublicPreKey;
}

/** A linked device of an account. */
export class CompanionDevice {
  readonly account: Account;
  /** 1 and up; 0 is the phone itself. */
  readonly number: number;
  readonly keys: DeviceKeys;
  /** Place of the device in the account's list; senders skip devices without one. */
  readonly keyIndex: number;
  /** How the client called itself, e.g. `Windows`. */
  readonly platform: string;
  readonly mailbox = new OfflineQueue();
  signedPreKey: SignedPublicPreKey;
  /** The connection it is logged in on. */
  connection: Connection | undefined;
  /** It asked for its traffic on this connection; before that, stanzas wait. */
  active = false;
  /** It asked for its traffic once. */
  wasActive = false;
  /** Accounts whose presence it wants to hear of, on this connection. */
  readonly subscriptions = new Set<Account>();
  readonly #preKeys = new Map<number, Uint8Array>();

  constructor(account: Account, number: number, keys: DeviceKeys, platform: string) {
    this.account = account;
    this.number = number;
    this.keyIndex = number;
    this.keys = keys;
    this.signedPreKey = keys.signedPreKey;
    this.platform = platform;
  }

  /** `<number>:<device>@s.whatsapp.net`. */
  get jid(): string {
    return formatJid({ user: this.account.phoneNumber, device: this.number, server: phoneServer });
  }

  /** `<lid>:<device>@lid`. */
  get lid(): string {
    return formatJid({ user: this.account.lidUser, device: this.number, server: lidServer });
  }

  /** One-time pre-keys in stock. */
  get preKeyCount(): number {
    return this.#preKeys.size;
  }

  /** Ids of the pre-keys in stock. */
  get preKeyIds(): readonly number[] {
    return [...this.#preKeys.keys()];
  }

  /** Puts one-time pre-keys in stock. */
  addPreKeys(keys: Iterable<readonly [number, Uint8Array]>): void {
    for (const [id, publicKey] of keys) this.#preKeys.set(id, publicKey);
  }

  /** What a sender needs to start a session. Takes one one-time pre-key out of stock; without any left it has none. */
  takeBundle(): PreKeyBundle {
    const bundle = {
      registrationId: this.keys.registrationId,
      identityKey: this.keys.identityKey,
      signedPreKey: this.signedPreKey,
    };
    const [first] = this.#preKeys;
    if (first === undefined) return bundle;
    const [id, publicKey] = first;
    this.#preKeys.delete(id);
    return { ...bundle, preKey: { id, publicKey } };
  }
}
