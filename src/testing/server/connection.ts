/** One client's connection: bytes in and out, and the ways it can end. What stanzas mean is up to its handler. */
import type { Socket } from "node:net";
import { messageOf } from "../../errors.js";
import type { EmulatorContext } from "../context/emulator-context.js";
import type { ConnectionFacts } from "../context/events.js";
import { actionName, type FaultAction, type Phase, type Step } from "../context/fault-actions.js";
import type { CompanionDevice, DeviceConnection } from "../network/companion-device.js";
import type { ServiceIdentity } from "../wire/certificate.js";
import { decodeNode } from "../wire/decode.js";
import type { TokenDictionary } from "../wire/dictionary.js";
import { encodeNode } from "../wire/encode.js";
import { frame, FrameReader } from "../wire/framing.js";
import { errorOf } from "../wire/iq.js";
import { SERVICE_JID } from "../wire/jid.js";
import { node, type BinaryNode } from "../wire/node.js";
import type { TransportCiphers } from "../wire/noise.js";
import type { ClientPayload } from "../wire/proto.js";
import type { ClientSocket, FrameData } from "./client-socket.js";
import { FaultPoints } from "./fault-points.js";
import { Handshake, type HelloOptions } from "./handshake.js";
import { failureStanza, streamErrorStanza } from "./stream-end.js";

/** Handles the stanzas of a connection once it is known what kind of client it is. */
export interface StanzaHandler {
  /** Handles one stanza. */
  handle(stanza: BinaryNode): void;
  /** The connection has ended. */
  closed(): void;
}

/** What a connection is made of. */
export interface ConnectionOptions {
  /** Counted from 1 per emulator. */
  readonly id: number;
  readonly socket: ClientSocket;
  readonly tcp: Socket;
  readonly context: EmulatorContext;
  readonly identity: ServiceIdentity;
  /** The handshake is over: the client proved `clientKey` and says who it is. */
  readonly onSignIn: (connection: Connection, clientKey: Uint8Array, payload: ClientPayload) => void;
  /** The connection has ended; called once. */
  readonly onClosed: (connection: Connection) => void;
}

interface Stream {
  readonly ciphers: TransportCiphers;
  readonly dictionary: TokenDictionary;
}

const GARBAGE_LENGTH = 64;
/** A list of one whose tag is the code of an address kind that no client expects there, and then nothing. */
const UNKNOWN_TOKEN = Buffer.of(0, 248, 1, 245);
const NORMAL_CLOSURE = 1000;

/** A client's connection to the service. */
export class Connection implements DeviceConnection {
  readonly id: number;
  /** The linked device that logged in on it. */
  device: CompanionDevice | undefined;
  /** Set after the handshake. */
  handler: StanzaHandler | undefined;
  readonly #options: ConnectionOptions;
  readonly #context: EmulatorContext;
  readonly #socket: ClientSocket;
  readonly #tcp: Socket;
  readonly #reader = new FrameReader({ expectIntro: true });
  readonly #handshake: Handshake;
  readonly #faultPoints: FaultPoints;
  /** Undefined until the handshake is over. */
  #stream: Stream | undefined;
  /** Nothing more is sent or read. */
  #muted = false;
  #queryCount = 0;
  /** Kept, because a socket that is closed has forgotten it. */
  readonly #clientPort: number;

  constructor(options: ConnectionOptions) {
    const { id, socket, tcp, context, identity } = options;
    this.#options = options;
    this.#context = context;
    this.id = id;
    this.#socket = socket;
    this.#tcp = tcp;
    this.#clientPort = tcp.remotePort ?? 0;
    this.#handshake = new Handshake(identity, context.random);
    this.#faultPoints = new FaultPoints({
      rules: context.faults,
      onFault: (at) => context.events.emit("fault", { ...this.facts, at }),
      perform: (action) => this.perform(action),
    });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // An error is always followed by close, where it is dealt with.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#muted = true;
      this.#faultPoints.end();
      options.onClosed(this);
    });
  }

  get facts(): ConnectionFacts {
    return { connectionId: this.id, jid: this.device?.jid, clientPort: this.#clientPort };
  }

  /** A new id for a query of the service. */
  nextQueryId(): string {
    this.#queryCount += 1;
    return `s${this.id}-${this.#queryCount}`;
  }

  /** Sends a stanza. Does nothing when the connection has ended; throws before the handshake is over. */
  send(stanza: BinaryNode): void {
    if (this.#muted || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#stream === undefined) throw new Error("The stream is not encrypted yet");
    this.#context.record(this.id, "to-client", stanza);
    const { ciphers, dictionary } = this.#stream;
    const compress = this.#context.behaviour.compressFrames;
    this.#sendRaw(ciphers.encrypt(encodeNode(stanza, dictionary, { compress })));
  }

  step(at: Phase, step: Step): void {
    this.#faultPoints.take(at, { phoneNumber: this.device?.phoneNumber, ...step });
  }

  reportViolation(problem: string): void {
    this.#context.reportViolation(this.facts, problem);
  }

  /** Records a stanza that the emulator has no answer for; it is refused as unsupported (501), so that nothing waits for it. */
  refuseUnknown(stanza: BinaryNode): void {
    this.#context.reportUnknown(this.facts, stanza);
    if (stanza.tag === "iq") return this.send(errorOf(stanza, 501, "feature-not-implemented"));
    const { id, to } = stanza.attrs;
    if (id !== undefined) this.send(node("ack", { class: stanza.tag, id, from: to, error: "501" }));
  }

  perform(action: FaultAction): void {
    if (action === "close") return this.close();
    if (action === "reset") return this.#reset();
    if (action === "silence") return this.#silence();
    if (action === "fin") return this.#fin();
    if (action === "garbage") return this.#sendRaw(this.#context.random(GARBAGE_LENGTH));
    if (action === "unknown-token") return this.#sendUnknownToken();
    if (action === "downgrade")
      return this.send(node("ib", { from: SERVICE_JID }, [node("downgrade_webclient")]));
    if (typeof action !== "object") throw new Error(`${actionName(action)} does not end a connection`);
    if ("failure" in action) return this.#end(failureStanza(action.failure));
    if ("streamError" in action) return this.#end(streamErrorStanza(action.streamError));
    if ("closeCode" in action) return this.#close(action.closeCode);
  }

  /** Ends the stream and closes the WebSocket in good order. */
  close(): void {
    this.#end(node("xmlstreamend"));
  }

  /** Drops the connection at once; for the emulator's own stop. */
  terminate(): void {
    this.#muted = true;
    this.#socket.terminate();
  }

  #reset(): void {
    this.#muted = true;
    this.#tcp.resetAndDestroy();
  }

  /** Without closing: not even the WebSocket's own pings and closes are answered. */
  #silence(): void {
    this.#muted = true;
    // Bytes are drained unread, so that the end of the TCP connection is still noticed.
    this.#tcp.removeAllListeners("data");
    this.#tcp.resume();
  }

  #end(lastStanza: BinaryNode): void {
    if (this.#muted) return;
    if (this.#stream !== undefined) this.send(lastStanza);
    this.#close(NORMAL_CLOSURE);
  }

  #close(code: number): void {
    this.#muted = true;
    this.#socket.close(code);
  }

  #fin(): void {
    this.#muted = true;
    this.#tcp.end();
  }

  #sendUnknownToken(): void {
    if (this.#stream !== undefined) this.#sendRaw(this.#stream.ciphers.encrypt(UNKNOWN_TOKEN));
  }

  #sendRaw(payload: Uint8Array): void {
    this.#socket.send(frame(payload));
  }

  #receive(data: FrameData, isBinary: boolean): void {
    if (this.#muted) return;
    try {
      if (!isBinary) throw new Error("The client sent a text message; the protocol is binary");
      for (const payload of this.#reader.push(bytesFrom(data))) {
        // A stanza may have ended the connection.
        if (!this.#muted) this.#receiveFrame(payload);
      }
    } catch (error) {
      this.reportViolation(messageOf(error));
      this.#end(streamErrorStanza({ child: "xml-not-well-formed" }));
    }
  }

  #receiveFrame(payload: Buffer): void {
    if (this.#stream === undefined) {
      return this.#handshake.started ? this.#finish(payload) : this.#hello(payload);
    }
    const stanza = decodeNode(this.#stream.ciphers.decrypt(payload), this.#stream.dictionary);
    this.#context.record(this.id, "from-client", stanza);
    this.handler?.handle(stanza);
  }

  #hello(payload: Buffer): void {
    const answer = (options?: HelloOptions): void =>
      this.#sendRaw(
        this.#handshake.answerHello(payload, this.#reader.intro, {
          forged: this.#context.behaviour.forgeNoiseCertificate,
          ...options,
        }),
      );
    this.step("client-hello", {
      proceed: () => answer(),
      corrupt: () => answer({ corrupt: true }),
      wrongCertificate: () => answer({ wrongCertificate: true }),
    });
  }

  #finish(payload: Buffer): void {
    const { ciphers, dictionary, ...client } = this.#handshake.finish(payload);
    this.#stream = { ciphers, dictionary };
    const proceed = (): void => this.#options.onSignIn(this, client.clientKey, client.payload);
    this.step("client-finish", { proceed });
  }
}

function bytesFrom(data: FrameData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
