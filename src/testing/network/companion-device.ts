/** A linked device as the service knows it: its keys, its stock of pre-keys, its connection, and what is queued for it. */
import type { ConnectionFacts } from "../context/events.js";
import type { FaultAction, Phase, Step } from "../context/fault-actions.js";
import type { PreKeyBundle } from "../signal/index.js";
import type { SignedPublicPreKey } from "../signal/key-bytes.js";
import { formatJid, LID_SERVER, PHONE_SERVER } from "../wire/jid.js";
import type { BinaryNode } from "../wire/node.js";
import { OfflineQueue } from "./offline-queue.js";

/** Keys a client registers with; they become the device's when it is linked. */
export interface DeviceKeys {
  /** Static key of its handshakes; a login must use the same. */
  readonly noiseKey: Uint8Array;
  readonly identityKey: Uint8Array;
  readonly registrationId: number;
  readonly signedPreKey: SignedPublicPreKey;
}

/** The connection a device is logged in on, as far as the network needs it. `server/` has the implementation. */
export interface DeviceConnection {
  /** How events name the connection. */
  readonly facts: ConnectionFacts;
  /** Sends a stanza; does nothing when the connection has ended. */
  send(stanza: BinaryNode): void;
  /** Takes a step, normally or as a fault rule says. */
  step(at: Phase, step: Step): void;
  /** Makes something go wrong, now. */
  perform(action: FaultAction): void;
  /** Records a stanza that the emulator has no answer for; a query is refused as unsupported (501). */
  refuseUnknown(stanza: BinaryNode): void;
  /** Records that the client broke the protocol. */
  reportViolation(problem: string): void;
}

/** The two addresses of the account that a device belongs to. */
export interface DeviceOwner {
  /** Digits only. */
  readonly phoneNumber: string;
  /** User part of the LID. */
  readonly lidUser: string;
}

/** A linked device of an account. */
export class CompanionDevice {
  /** 1 and up; 0 is the phone itself. */
  readonly number: number;
  readonly keys: DeviceKeys;
  /** Place of the device in the account's list; senders skip devices without one. */
  readonly keyIndex: number;
  /** How the client named itself, e.g. `Windows`. */
  readonly platform: string;
  /** What it has not acknowledged yet. */
  readonly offlineQueue = new OfflineQueue();
  /** JIDs of the accounts whose presence it subscribed to, on this connection. */
  readonly subscriptions = new Set<string>();
  /** JIDs of the devices that have the key of its statuses. */
  readonly statusAudience = new Set<string>();
  signedPreKey: SignedPublicPreKey;
  /** It asked for its traffic on this connection; before that, stanzas are queued. */
  active = false;
  /** It has asked for its traffic before, on whatever connection. */
  wasActive = false;
  readonly #owner: DeviceOwner;
  readonly #preKeys = new Map<number, Uint8Array>();
  #connection: DeviceConnection | undefined;

  constructor(owner: DeviceOwner, number: number, keys: DeviceKeys, platform: string) {
    this.#owner = owner;
    this.number = number;
    this.keyIndex = number;
    this.keys = keys;
    this.signedPreKey = keys.signedPreKey;
    this.platform = platform;
  }

  /** Phone number of its account, digits only. */
  get phoneNumber(): string {
    return this.#owner.phoneNumber;
  }

  /** `<number>:<device>@s.whatsapp.net`. */
  get jid(): string {
    return formatJid({ user: this.#owner.phoneNumber, device: this.number, server: PHONE_SERVER });
  }

  /** `<lid>:<device>@lid`. */
  get lid(): string {
    return formatJid({ user: this.#owner.lidUser, device: this.number, server: LID_SERVER });
  }

  /** The connection it is logged in on. */
  get connection(): DeviceConnection | undefined {
    return this.#connection;
  }

  /** Logs the device in on a connection. A device has one connection: an older one is ended as replaced (440). */
  connect(connection: DeviceConnection): void {
    this.#connection?.perform({ streamError: 440 });
    this.#connection = connection;
    this.active = false;
  }

  /** The connection has ended. Does nothing when another one replaced it. */
  disconnected(connection: DeviceConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.active = false;
    this.subscriptions.clear();
  }

  /** One-time pre-keys in stock. */
  get preKeyCount(): number {
    return this.#preKeys.size;
  }

  /** Ids of the pre-keys in stock. */
  get preKeyIds(): readonly number[] {
    return [...this.#preKeys.keys()];
  }

  /** Adds one-time pre-keys to the stock. */
  addPreKeys(keys: Iterable<readonly [number, Uint8Array]>): void {
    for (const [id, publicKey] of keys) this.#preKeys.set(id, publicKey);
  }

  /** What a sender needs to start a session. Takes a one-time pre-key out of stock; the bundle has none when the stock is empty. */
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
