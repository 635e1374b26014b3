/** The WhatsApp emulator: a service on a local port that speaks the true protocol, with phones a test works. */

import { randomBytes } from "node:crypto";
import { ZpwootError } from "../errors.js";
import { Account } from "./network/account.js";
import { createAdminHandler, refuseRequest, type AdminOptions } from "./admin.js";
import type { ServiceBehaviour } from "./context/behaviour.js";
import type { EmulatorListener, WaitOptions } from "./context/event-hub.js";
import type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  UnknownQuery,
  Violation,
} from "./context/events.js";
import type { FailureSpec, FaultAction, FaultRules } from "./context/faults.js";
import { digitsOf } from "./wire/jid.js";
import { Listener } from "./server/listener.js";
import { VirtualPhone } from "./virtual-phone.js";
import { randomNumber, seededRandom } from "./context/random.js";
import { Service } from "./network/service.js";
import type { StreamErrorSpec } from "./server/stream-end.js";
import { VirtualGroup } from "./virtual-group.js";

/** How an emulator is set up. */
export interface EmulatorOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Address to listen on; only this machine by default. */
  readonly host?: string;
  /** Answer the admin calls (`/admin/…`) on the same port, for tests in other languages and by hand. Off by default. */
  readonly admin?: boolean | AdminOptions;
  /** Stanzas kept for {@link WhatsAppEmulator.transcript}; 500 unless told. */
  readonly transcriptLimit?: number;
  /** Wall clock, in milliseconds: `ManualClock.now` in tests where time matters. */
  readonly now?: () => number;
  /** Makes all of the emulator's randomness (keys, references, ids) the same in every run. Its clients' stays theirs. */
  readonly seed?: number | string;
}

/** An account to add. */
export interface PhoneInput {
  /** In any notation, with country code; only the digits count. */
  readonly phoneNumber: string;
  /** Name its contacts see. */
  readonly name?: string;
  /** User part of the LID; random by default. */
  readonly lid?: string;
  /**
   * Gives each newly linked client the app-state key and an (empty) first history by itself, as real phones do; else the test does with
   * `shareAppStateKey` and `sendHistory`. Default false.
   */
  readonly initialSync?: boolean;
}

/** What to do to a device's connection; exactly one of the four. */
export interface DisconnectInput {
  /** Number of a stream error: 515 restart, 503 unavailable, 440 replaced, 401 removed, … */
  readonly streamError?: number | StreamErrorSpec;
  readonly failure?: FailureSpec;
  readonly closeCode?: number;
  readonly how?: "close" | "fin" | "reset" | "silence" | "garbage" | "unknown-token" | "downgrade";
}

const defaultTranscriptLimit = 500;

/** A running emulator. Holds everything in memory: when it stops, its accounts and links are gone. */
export class WhatsAppEmulator {
  readonly #service: Service;
  readonly #listener: Listener;
  readonly #phones = new Map<string, VirtualPhone>();

  private constructor(options: EmulatorOptions) {
    const { now = Date.now, transcriptLimit = defaultTranscriptLimit, admin = false } = options;
    const { seed } = options;
    const random = seed === undefined ? randomBytes : seededRandom(seed);
    this.#service = new Service({ now, random, transcriptLimit });
    const adminOptions = typeof admin === "object" ? admin : {};
    this.#listener = new Listener(
      this.#service,
      admin === false ? refuseRequest : createAdminHandler(this, adminOptions),
    );
  }

  /** Starts an emulator. Settles when it listens; rejects when the port is taken. */
  static async start(options: EmulatorOptions = {}): Promise<WhatsAppEmulator> {
    const emulator = new WhatsAppEmulator(options);
    await emulator.#listener.listen(options.port ?? 0, options.host ?? "127.0.0.1");
    return emulator;
  }

  /** Where clients connect: `ws://<host>:<port>/ws/chat`. */
  get url(): string {
    return this.#listener.url;
  }

  /** Where the admin calls are: `http://<host>:<port>/admin`. They are answered only when they were turned on. */
  get adminUrl(): string {
    return `http://${this.#listener.authority}/admin`;
  }

  /** Switches of the service; assign to them at any time. */
  get behaviour(): ServiceBehaviour {
    return this.#service.behaviour;
  }

  /** Rules by which connections go wrong. */
  get faults(): FaultRules {
    return this.#service.faults;
  }

  /** Everything clients did that the protocol forbids, oldest first. */
  get violations(): readonly Violation[] {
    return this.#service.violations;
  }

  /** Every stanza the emulator had no answer for, oldest first. */
  get unknownQueries(): readonly UnknownQuery[] {
    return this.#service.unknownQueries;
  }

  /** The open connections. */
  get connections(): readonly ConnectionFacts[] {
    return [...this.#service.connections].map((connection) => connection.facts);
  }

  /** Phone numbers a client asked a pairing code for that is not typed yet. */
  get pendingPairingNumbers(): readonly string[] {
    return this.#service.linking.codes.pendingNumbers;
  }

  /** The phones added so far. */
  get phones(): readonly VirtualPhone[] {
    return [...this.#phones.values()];
  }

  /** Public key of the root that signed the service's certificates, for clients that pin it. */
  get rootPublicKey(): Uint8Array {
    return this.#service.identity.rootPublicKey;
  }

  /** Adds an account with its phone. Throws `INVALID_INPUT` when the number or LID is none, or the number is there already. */
  addPhone(input: PhoneInput): VirtualPhone {
    const phoneNumber = digitsOf(input.phoneNumber);
    if (phoneNumber.length < 5 || phoneNumber.length > 15) {
      throw new ZpwootError("INVALID_INPUT", "A phone number must have 5 to 15 digits.");
    }
    if (this.#phones.has(phoneNumber)) {
      throw new ZpwootError("INVALID_INPUT", `There is a phone ${phoneNumber} already.`);
    }
    const lidUser = input.lid === undefined ? this.#randomLid() : digitsOf(input.lid);
    if (lidUser === "") throw new ZpwootError("INVALID_INPUT", "A LID must have digits.");
    const { name, initialSync = false } = input;
    const account = new Account(this.#service, { phoneNumber, name, lidUser, initialSync });
    this.#service.directory.add(account);
    const phone = new VirtualPhone(this.#service, account);
    this.#phones.set(phoneNumber, phone);
    return phone;
  }

  /** The groups there are, oldest first. */
  get groups(): readonly VirtualGroup[] {
    return this.#service.groups.all.map((group) => new VirtualGroup(this.#service, group));
  }

  /** The phone of a number or JID. Throws `INVALID_INPUT` when there is none. */
  phone(phoneNumber: string): VirtualPhone {
    const account = this.#service.directory.find(phoneNumber);
    const phone = account === undefined ? undefined : this.#phones.get(account.phoneNumber);
    if (phone === undefined) throw new ZpwootError("INVALID_INPUT", "There is no phone of this number.");
    return phone;
  }

  /**
   * Breaks the connections of a device (by its JID) or of all devices of an account (by phone number or JID without
   * device), in good order unless told otherwise. Gives how many there were.
   */
  disconnect(jidOrPhone: string, input: DisconnectInput = {}): number {
    const device = this.#service.directory.device(jidOrPhone);
    const account = this.#service.directory.find(jidOrPhone);
    const targets = (device === undefined ? (account?.devices ?? []) : [device]).flatMap(
      ({ connection }) => connection ?? [],
    );
    for (const connection of targets) connection.perform(actionOf(input));
    return targets.length;
  }

  /** The same to every connection there is, linked or not. Gives how many there were. */
  disconnectAll(input: DisconnectInput = {}): number {
    const targets = [...this.#service.connections];
    for (const connection of targets) connection.perform(actionOf(input));
    return targets.length;
  }

  /** Calls the listener at every event of the name. */
  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#service.hub.on(name, listener);
    return this;
  }

  /** Stops calling the listener. */
  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#service.hub.off(name, listener);
    return this;
  }

  /** Calls the listener at the next event of the name. */
  once<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#service.hub.once(name, listener);
    return this;
  }

  /** The next event of a name that the predicate accepts. Rejects with `TIMEOUT` (5 s unless told) or `ABORTED`. */
  waitFor<Name extends EmulatorEventName>(
    name: Name,
    predicate?: (event: EmulatorEvents[Name]) => boolean,
    options?: WaitOptions,
  ): Promise<EmulatorEvents[Name]> {
    return this.#service.hub.waitFor(name, predicate, options);
  }

  /** The last stanzas, one line each, for the message of a failing test. Holds no key and no text. */
  transcript(): string {
    return this.#service.transcript.toString();
  }

  #randomLid(): string {
    return String(randomNumber(this.#service.random, 1e14, 2e14 - 1));
  }

  /** Drops every connection and stops listening. Settles when the port is free; calling it again gives the same promise. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** Same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function actionOf({ streamError, failure, closeCode, how = "close" }: DisconnectInput): FaultAction {
  if (streamError !== undefined) return { streamError };
  if (closeCode !== undefined) return { closeCode };
  return failure === undefined ? how : { failure };
}
