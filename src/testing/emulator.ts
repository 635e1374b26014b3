/** The WhatsApp emulator: a service on a local port that speaks the real protocol, with phones that a test operates. */
import { randomBytes } from "node:crypto";
import { ZpwootError } from "../errors.js";
import { createAdminHandler, refuseRequest } from "./admin.js";
import type { ServiceBehaviour } from "./context/behaviour.js";
import { EmulatorContext } from "./context/emulator-context.js";
import type { EmulatorListener } from "./context/event-hub.js";
import type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  UnknownQuery,
  Violation,
} from "./context/events.js";
import type { FaultRules } from "./context/faults.js";
import { randomNumber, seededRandom } from "./context/random.js";
import type { WaitOptions } from "./context/wait.js";
import { actionOf, type DisconnectInput, type EmulatorOptions, type PhoneInput } from "./emulator-options.js";
import { Account } from "./network/account.js";
import { Network } from "./network/network.js";
import { PrimaryDevice } from "./phone/primary-device.js";
import { Server } from "./server/server.js";
import { VirtualGroup } from "./virtual-group.js";
import { VirtualPhone } from "./virtual-phone.js";
import { digitsOf } from "./wire/jid.js";

const DEFAULT_TRANSCRIPT_LIMIT = 500;
const DEFAULT_HOST = "127.0.0.1";

/**
 * A running emulator. Everything is in memory: when it stops, its accounts and links are gone.
 *
 * @example
 * ```ts
 * await using emulator = await WhatsAppEmulator.start();
 * const phone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
 * const manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
 * // … link a session with phone.scan(qr), exchange messages …
 * expect(emulator.violations).toEqual([]);
 * expect(emulator.unknownQueries).toEqual([]);
 * ```
 */
export class WhatsAppEmulator {
  readonly #context: EmulatorContext;
  readonly #network: Network;
  readonly #server: Server;
  readonly #phones = new Map<string, VirtualPhone>();

  private constructor(options: EmulatorOptions) {
    const { now = Date.now, transcriptLimit = DEFAULT_TRANSCRIPT_LIMIT, admin = false, seed } = options;
    const random = seed === undefined ? randomBytes : seededRandom(seed);
    this.#context = new EmulatorContext({ now, random, transcriptLimit });
    this.#network = new Network(this.#context);
    const adminOptions = typeof admin === "object" ? admin : {};
    const onRequest = admin === false ? refuseRequest : createAdminHandler(this, adminOptions);
    this.#server = new Server(this.#network, onRequest);
  }

  /**
   * Starts an emulator. Settles when it listens; rejects with the system's error when the port is taken.
   *
   * @example
   * ```ts
   * await using emulator = await WhatsAppEmulator.start({ seed: 7 });
   * ```
   */
  static async start(options: EmulatorOptions = {}): Promise<WhatsAppEmulator> {
    const emulator = new WhatsAppEmulator(options);
    await emulator.#server.listen(options.port ?? 0, options.host ?? DEFAULT_HOST);
    return emulator;
  }

  /** Where clients connect: `ws://<host>:<port>/ws/chat`. */
  get url(): string {
    return this.#server.url;
  }

  /** Where the admin calls are: `http://<host>:<port>/admin`. They are answered only when the option `admin` is on. */
  get adminUrl(): string {
    return `http://${this.#server.authority}/admin`;
  }

  /** Switches of the service; assign to them at any time. */
  get behaviour(): ServiceBehaviour {
    return this.#context.behaviour;
  }

  /** The rules that make connections fail. */
  get faults(): FaultRules {
    return this.#context.faults;
  }

  /** Everything clients did that the protocol forbids, oldest first; at most the last 1,000. */
  get violations(): readonly Violation[] {
    return this.#context.violations;
  }

  /** Every stanza the emulator had no answer for, oldest first; at most the last 1,000. */
  get unknownQueries(): readonly UnknownQuery[] {
    return this.#context.unknownQueries;
  }

  /** The open connections. */
  get connections(): readonly ConnectionFacts[] {
    return this.#server.connections.map((connection) => connection.facts);
  }

  /** Phone numbers for which a client waits until its pairing code is typed. */
  get pendingPairingNumbers(): readonly string[] {
    return this.#server.linking.pairingCodes.pendingNumbers;
  }

  /** The phones added so far. */
  get phones(): readonly VirtualPhone[] {
    return [...this.#phones.values()];
  }

  /** All groups, oldest first, including those that clients created. */
  get groups(): readonly VirtualGroup[] {
    return this.#network.groups.all.map((group) => new VirtualGroup(this.#network, group));
  }

  /** Public key of the root that signed the service's certificates, for clients that pin it. */
  get rootPublicKey(): Uint8Array {
    return this.#server.identity.rootPublicKey;
  }

  /**
   * Adds an account with its phone. Throws `INVALID_INPUT` when the number or LID is malformed, or the number is taken.
   *
   * @example
   * ```ts
   * const phone = emulator.addPhone({ phoneNumber: "+55 11 99999-0001", name: "Ana" });
   * ```
   */
  addPhone(input: PhoneInput): VirtualPhone {
    const phoneNumber = digitsOf(input.phoneNumber);
    if (phoneNumber.length < 5 || phoneNumber.length > 15) {
      throw new ZpwootError("INVALID_INPUT", "A phone number must have 5 to 15 digits");
    }
    if (this.#phones.has(phoneNumber)) {
      throw new ZpwootError("INVALID_INPUT", `There is a phone ${phoneNumber} already`);
    }
    const lidUser = input.lid === undefined ? this.#randomLid() : digitsOf(input.lid);
    if (lidUser === "") throw new ZpwootError("INVALID_INPUT", "A LID must have digits");
    const { name, initialSync = false } = input;
    const account = new Account<PrimaryDevice>(this.#context, {
      phoneNumber,
      lidUser,
      name,
      createPhone: (owner) => new PrimaryDevice(this.#network, owner, { initialSync }),
    });
    this.#network.directory.add(account);
    const phone = new VirtualPhone(this.#network, this.#server.linking, account);
    this.#phones.set(phoneNumber, phone);
    return phone;
  }

  /** The phone of a number or JID. Throws `INVALID_INPUT` when it was not added. */
  phone(phoneNumber: string): VirtualPhone {
    const account = this.#network.directory.find(phoneNumber);
    const phone = account === undefined ? undefined : this.#phones.get(account.phoneNumber);
    if (phone === undefined) throw new ZpwootError("INVALID_INPUT", "There is no phone of this number");
    return phone;
  }

  /**
   * Ends the connection of a device (by its JID), or those of all devices of an account (by phone number or JID without
   * device); by default in good order. Returns their number.
   *
   * @example
   * ```ts
   * emulator.disconnect(phone.jid, { streamError: 503 });
   * ```
   */
  disconnect(jidOrPhone: string, input: DisconnectInput = {}): number {
    const device = this.#network.directory.device(jidOrPhone);
    const account = this.#network.directory.find(jidOrPhone);
    const devices = device === undefined ? (account?.devices ?? []) : [device];
    const targets = devices.flatMap(({ connection }) => connection ?? []);
    for (const connection of targets) connection.perform(actionOf(input));
    return targets.length;
  }

  /** Ends every connection, of linked and unlinked clients. Returns their number. */
  disconnectAll(input: DisconnectInput = {}): number {
    const targets = this.#server.connections;
    for (const connection of targets) connection.perform(actionOf(input));
    return targets.length;
  }

  /** Calls the listener at every event of the name. */
  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.on(name, listener);
    return this;
  }

  /** Stops calling the listener. */
  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.off(name, listener);
    return this;
  }

  /** Calls the listener at the next event of the name. */
  once<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.once(name, listener);
    return this;
  }

  /**
   * Settles with the next event of a name that the predicate accepts. Rejects with `TIMEOUT` (after 5 s by default; the message
   * ends with the last stanzas) or `ABORTED`.
   *
   * @example
   * ```ts
   * await emulator.waitFor("login", ({ jid }) => jid.startsWith("5511999990001"), { timeoutMs: 10_000 });
   * ```
   */
  waitFor<Name extends EmulatorEventName>(
    name: Name,
    predicate?: (event: EmulatorEvents[Name]) => boolean,
    options?: WaitOptions,
  ): Promise<EmulatorEvents[Name]> {
    return this.#context.events.waitFor(name, predicate, options);
  }

  /** The last stanzas, one line each, for the message of a failing test. Holds no keys and no texts. */
  transcript(): string {
    return this.#context.transcript.toString();
  }

  /** Drops every connection and stops listening. Settles when the port is free; calling it again returns the same promise. */
  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #randomLid(): string {
    return String(randomNumber(this.#context.random, 1e14, 2e14 - 1));
  }
}
