/** The WhatsApp emulator: a service on a local port that speaks the real protocol, with phones that a test operates. */
import { createAdminHandler, refuseRequest } from "./admin/handler.js";
import { EmulatorContext } from "./context/emulator-context.js";
import type { ConnectionFacts } from "./context/events.js";
import { pooledRandom, seededRandom } from "./context/random.js";
import {
  actionOf,
  type DisconnectInput,
  type EmulatorAddress,
  type EmulatorOptions,
  type LibraryOptions,
  type PhoneInput,
} from "./emulator-options.js";
import { Network } from "./network/network.js";
import { ObservedEmulator } from "./observed-emulator.js";
import { Server } from "./server/server.js";
import { VirtualGroup } from "./virtual-group.js";
import { VirtualMediaHost } from "./virtual-media-host.js";
import { VirtualNewsletter } from "./virtual-newsletter.js";
import type { VirtualPhone } from "./virtual-phone.js";
import { VirtualPhones } from "./virtual-phones.js";

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
export class WhatsAppEmulator extends ObservedEmulator {
  /** Where clients store and fetch media. */
  readonly media: VirtualMediaHost;
  readonly #network: Network;
  readonly #server: Server;
  readonly #phones: VirtualPhones;

  private constructor(options: EmulatorOptions) {
    const { now = Date.now, transcriptLimit = DEFAULT_TRANSCRIPT_LIMIT, admin = false, seed } = options;
    const random = seed === undefined ? pooledRandom() : seededRandom(seed);
    const context = new EmulatorContext({ now, random, transcriptLimit });
    super(context);
    this.#network = new Network(context);
    const adminOptions = typeof admin === "object" ? admin : {};
    const onRequest = admin === false ? refuseRequest : createAdminHandler(this, adminOptions);
    this.#server = new Server(this.#network, onRequest, options.host ?? DEFAULT_HOST);
    this.#phones = new VirtualPhones(this.#network, this.#server.linking);
    this.media = new VirtualMediaHost(this.#network.media, {
      url: () => `http://${this.#server.authority}`,
      certificate: () => this.#server.mediaCertificate,
    });
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

  /**
   * What a `SessionManager` takes as `whatsapp`: where the service and its media are, and the root of its certificates.
   *
   * @example
   * ```ts
   * const manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
   * ```
   */
  get whatsapp(): EmulatorAddress {
    return { url: this.url, mediaUrl: this.media.url, noiseRootKey: this.rootPublicKey };
  }

  /**
   * What whaileys and Baileys take besides their own options, to connect and to store and fetch media here.
   *
   * @example
   * ```ts
   * const socket = makeWASocket({ auth, ...emulator.socketOptions });
   * const { options } = emulator.socketOptions;
   * const bytes = await downloadMediaMessage(message, "buffer", { options });
   * ```
   */
  get socketOptions(): LibraryOptions {
    const { agent, dispatcher } = this.media;
    return { waWebSocketUrl: this.url, fetchAgent: agent, options: { httpsAgent: agent, dispatcher } };
  }

  /** Where the admin calls are: `http://<host>:<port>/admin`. They are answered only when the option `admin` is on. */
  get adminUrl(): string {
    return `http://${this.#server.authority}/admin`;
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
    return this.#phones.all;
  }

  /** All groups, oldest first, including those that clients created. */
  get groups(): readonly VirtualGroup[] {
    return this.#network.groups.all.map((group) => new VirtualGroup(this.#network, group));
  }

  /** All newsletters, oldest first, including those that clients created. */
  get newsletters(): readonly VirtualNewsletter[] {
    return this.#network.newsletters.all.map((one) => new VirtualNewsletter(this.#network, one));
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
    return this.#phones.add(input);
  }

  /** The phone of a number or JID. Throws `INVALID_INPUT` when it was not added. */
  phone(phoneNumber: string): VirtualPhone {
    return this.#phones.get(phoneNumber);
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

  /** Drops every connection and stops listening. Settles when the port is free; calling it again returns the same promise. */
  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
