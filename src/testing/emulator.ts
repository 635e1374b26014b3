/** The WhatsApp emulator: a service on a local port that speaks the true protocol, with phones a test works. */

import { randomInt } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { ZpwootError } from "../errors.js";
import { Account } from "./account.js";
import type { ServiceBehaviour } from "./behaviour.js";
import type { EmulatorListener, WaitOptions } from "./event-hub.js";
import type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  UnknownQuery,
  Violation,
} from "./events.js";
import type { FailureSpec, FaultAction, FaultRules } from "./faults.js";
import { digitsOf } from "./jid.js";
import { VirtualPhone } from "./phone.js";
import { Service } from "./service.js";

/** How an emulator is set up. */
export interface EmulatorOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Address to listen on; only this machine by default. */
  readonly host?: string;
  /** Stanzas kept for {@link WhatsAppEmulator.transcript}; 500 unless told. */
  readonly transcriptLimit?: number;
  /** Wall clock, in milliseconds. */
  readonly now?: () => number;
}

/** An account to add. */
export interface PhoneInput {
  /** In any notation, with country code; only the digits count. */
  readonly phoneNumber: string;
  /** Name its contacts see. */
  readonly name?: string;
  /** User part of the LID; random by default. */
  readonly lid?: string;
}

/** What to do to a device's connection; exactly one of the three. */
export interface DisconnectInput {
  /** Number of a stream error: 515 restart, 503 unavailable, 440 replaced, 401 removed, … */
  readonly streamError?: number;
  readonly failure?: FailureSpec;
  readonly how?: "close" | "reset" | "silence" | "garbage";
}

const path = "/ws/chat";
/** Many clients that reconnect at once must not be refused by the kernel. */
const backlog = 4096;
const defaultTranscriptLimit = 500;

/** A running emulator. Holds everything in memory: when it stops, its accounts and links are gone. */
export class WhatsAppEmulator {
  readonly #service: Service;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #tcp = new Set<Socket>();
  readonly #phones = new Map<string, VirtualPhone>();
  #stopped: Promise<void> | undefined;

  private constructor({ now = Date.now, transcriptLimit = defaultTranscriptLimit }: EmulatorOptions) {
    this.#service = new Service({ now, transcriptLimit });
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on("connection", (socket: Socket) => {
      this.#tcp.add(socket);
      socket.once("close", () => this.#tcp.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Starts an emulator. Settles when it listens; rejects when the port is taken. */
  static async start(options: EmulatorOptions = {}): Promise<WhatsAppEmulator> {
    const emulator = new WhatsAppEmulator(options);
    const { port = 0, host = "127.0.0.1" } = options;
    await new Promise<void>((resolve, reject) => {
      emulator.#server.once("error", reject);
      emulator.#server.listen({ port, host, backlog }, () => {
        emulator.#server.off("error", reject);
        resolve();
      });
    });
    return emulator;
  }

  /** Where clients connect: `ws://<host>:<port>/ws/chat`. */
  get url(): string {
    return `ws://${this.#authority}${path}`;
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

  /** The phones added so far. */
  get phones(): readonly VirtualPhone[] {
    return [...this.#phones.values()];
  }

  /** Public key of the root that signed the service's certificates, for clients that pin it. */
  get rootPublicKey(): Uint8Array {
    return this.#service.identity.rootPublicKey;
  }

  /** Adds an account with its phone. Throws `INVALID_INPUT` when the number is no number, or is there already. */
  addPhone(input: PhoneInput): VirtualPhone {
    const phoneNumber = digitsOf(input.phoneNumber);
    if (phoneNumber.length < 5 || phoneNumber.length > 15) {
      throw new ZpwootError("INVALID_INPUT", "A phone number must have 5 to 15 digits.");
    }
    if (this.#phones.has(phoneNumber)) {
      throw new ZpwootError("INVALID_INPUT", `There is a phone ${phoneNumber} already.`);
    }
    const lidUser = input.lid === undefined ? randomLid() : digitsOf(input.lid);
    const account = new Account(this.#service, { phoneNumber, name: input.name, lidUser });
    this.#service.directory.add(account);
    const phone = new VirtualPhone(this.#service, account);
    this.#phones.set(phoneNumber, phone);
    return phone;
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

  /** Drops every connection and stops listening. Settles when the port is free; calling it again gives the same promise. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#service.connections) connection.terminate();
      for (const socket of this.#tcp) socket.destroy();
      this.#sockets.close();
    });
    return this.#stopped;
  }

  /** Same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #authority(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that resets while its upgrade is held back would otherwise end the process.
    socket.on("error", () => undefined);
    const rule = this.#service.faults.take("upgrade");
    if (rule !== undefined) {
      this.#service.hub.emit("fault", { connectionId: 0, jid: undefined, at: "upgrade" });
      return refuseUpgrade(rule.action, socket as Socket);
    }
    if (new URL(request.url ?? "/", "ws://emulator").pathname !== path) return answerStatus(socket, 404);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#service.accept(webSocket, socket),
    );
  }
}

function refuseUpgrade(action: FaultAction, socket: Socket): void {
  if (action === "reset") socket.resetAndDestroy();
  else if (action === "close") socket.end();
  else if (typeof action === "object" && "httpStatus" in action) answerStatus(socket, action.httpStatus);
}

function answerStatus(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Emulated\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function actionOf({ streamError, failure, how = "close" }: DisconnectInput): FaultAction {
  if (streamError !== undefined) return { streamError };
  return failure === undefined ? how : { failure };
}

function randomLid(): string {
  return String(randomInt(1e14, 2e14));
}
