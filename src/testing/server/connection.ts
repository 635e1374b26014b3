/** One client's connection: bytes in and out, the handshake, and the ways it can end. What stanzas mean is for others. */

import type { Socket } from "node:net";
import type { WebSocket, RawData } from "ws";
import { messageOf } from "../../errors.js";
import type { CompanionDevice } from "../network/companion-device.js";
import type { ConnectionFacts } from "../context/events.js";
import { actionName, type FaultAction, type Phase } from "../context/faults.js";
import type { Service } from "../network/service.js";
import { serviceJid } from "../wire/jid.js";
import { signIn } from "./login.js";
import { generateKeyPair } from "../signal/index.js";
import { decodeNode } from "../wire/decode.js";
import { encodeNode } from "../wire/encode.js";
import { frame, FrameReader } from "../wire/framing.js";
import { node, type BinaryNode } from "../wire/node.js";
import { NoiseResponder, type TransportCiphers } from "../wire/noise.js";
import { proto } from "../wire/proto.js";
import { FaultPoints, type Step } from "./fault-points.js";
import { failureStanza, streamErrorStanza } from "./stream-end.js";
import { dictionaryOf, type TokenDictionary } from "../wire/token-table.js";

/** Who deals with the stanzas of a connection once it is known what kind of client it is. */
export interface StanzaHandler {
  /** Takes one stanza. */
  handle(stanza: BinaryNode): void;
  /** The connection is gone. */
  closed(): void;
}

type Stage =
  | { readonly name: "client-hello" }
  | { readonly name: "client-finish"; readonly noise: NoiseResponder; readonly dictionary: TokenDictionary }
  | { readonly name: "stream"; readonly ciphers: TransportCiphers; readonly dictionary: TokenDictionary };

const garbageLength = 64;
/** A list of one whose tag is the code of an address kind that no client expects there, and then nothing. */
const unknownToken = Buffer.of(0, 248, 1, 245);

const normalClosure = 1000;

/** A client's connection to the service. */
export class Connection {
  readonly id: number;
  /** The linked device that logged in on it. */
  device: CompanionDevice | undefined;
  /** Set by whoever takes the connection over after the handshake. */
  handler: StanzaHandler | undefined;
  readonly #service: Service;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #reader = new FrameReader({ expectIntro: true });
  #stage: Stage = { name: "client-hello" };
  /** Nothing more is said or heard. */
  #muted = false;
  #queryCount = 0;
  readonly #steps: FaultPoints;

  constructor(service: Service, id: number, socket: WebSocket, tcp: Socket) {
    this.#service = service;
    this.id = id;
    this.#socket = socket;
    this.#tcp = tcp;
    this.#steps = new FaultPoints({
      rules: service.faults,
      onFault: (at) => service.hub.emit("fault", { ...this.facts, at }),
      perform: (action) => this.perform(action),
    });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // An error is always followed by close, where it is dealt with.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#muted = true;
      this.#steps.end();
      service.connectionClosed(this);
    });
  }

  /** How events name this connection. */
  get facts(): ConnectionFacts {
    return { connectionId: this.id, jid: this.device?.jid };
  }

  /** A fresh id for a query of the service. */
  nextQueryId(): string {
    this.#queryCount += 1;
    return `s${this.id}-${this.#queryCount}`;
  }

  /** Sends a stanza. Does nothing when the connection has ended; throws before the handshake is over. */
  send(stanza: BinaryNode): void {
    if (this.#muted || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#stage.name !== "stream") throw new Error("The stream is not encrypted yet.");
    this.#service.record(this, "to-client", stanza);
    const { ciphers, dictionary } = this.#stage;
    const compress = this.#service.behaviour.compressFrames;
    this.#socket.send(frame(ciphers.encrypt(encodeNode(stanza, dictionary, { compress }))));
  }

  /** Takes a step, as it should be or as a fault rule wants it. */
  step(at: Phase, step: Step): void {
    this.#steps.take(at, { phoneNumber: this.device?.account.phoneNumber, ...step });
  }

  /** Makes something go wrong, now. */
  perform(action: FaultAction): void {
    if (action === "close") return this.close();
    if (action === "reset") return this.reset();
    if (action === "silence") return this.silence();
    if (action === "fin") return this.#fin();
    if (action === "garbage") return this.#sendRaw(this.#service.random(garbageLength));
    if (action === "unknown-token") return this.#sendUnknownToken();
    if (action === "downgrade")
      return this.send(node("ib", { from: serviceJid }, [node("downgrade_webclient")]));
    if (typeof action !== "object") throw new Error(`${actionName(action)} is no end of a connection.`);
    if ("failure" in action) return this.#end(failureStanza(action.failure));
    if ("streamError" in action) return this.#end(streamErrorStanza(action.streamError));
    if ("closeCode" in action) return this.#close(action.closeCode);
  }

  /** Ends the stream and closes the WebSocket in good order. */
  close(): void {
    this.#end(node("xmlstreamend"));
  }

  /** Sends a TCP RST. */
  reset(): void {
    this.#muted = true;
    this.#tcp.resetAndDestroy();
  }

  /** Says and hears nothing more, without closing. Not even the WebSocket's own pings and closes are answered. */
  silence(): void {
    this.#muted = true;
    // Bytes are drained unread, so that the end of the TCP connection is still noticed.
    this.#tcp.removeAllListeners("data");
    this.#tcp.resume();
  }

  /** Drops the connection without a word; for the emulator's own stop. */
  terminate(): void {
    this.#muted = true;
    this.#socket.terminate();
  }

  #end(lastStanza: BinaryNode): void {
    if (this.#muted) return;
    if (this.#stage.name === "stream") this.send(lastStanza);
    this.#close(normalClosure);
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
    if (this.#stage.name === "stream") this.#sendRaw(this.#stage.ciphers.encrypt(unknownToken));
  }

  #sendRaw(payload: Uint8Array): void {
    this.#socket.send(frame(payload));
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#muted) return;
    try {
      if (!isBinary) throw new Error("The client sent a text message; the protocol is binary.");
      for (const payload of this.#reader.push(bytesFrom(data))) {
        // A stanza may have ended the connection.
        if (!this.#muted) this.#frame(payload);
      }
    } catch (error) {
      this.#service.violation(this, messageOf(error));
      this.#end(streamErrorStanza({ child: "xml-not-well-formed" }));
    }
  }

  #frame(payload: Buffer): void {
    const stage = this.#stage;
    if (stage.name === "client-hello") return this.#hello(payload);
    if (stage.name === "client-finish") return this.#finish(payload, stage.noise, stage.dictionary);
    const stanza = decodeNode(stage.ciphers.decrypt(payload), stage.dictionary);
    this.#service.record(this, "from-client", stanza);
    this.handler?.handle(stanza);
  }

  #hello(payload: Buffer): void {
    const { certificate, wrongCertificate } = this.#service.identity;
    this.step("client-hello", {
      go: () => this.#answerHello(payload, certificate),
      corrupt: () => this.#answerHello(payload, certificate, (bytes) => bytes.map((byte) => byte ^ 1)),
      wrongCertificate: () => this.#answerHello(payload, wrongCertificate),
    });
  }

  #answerHello(
    payload: Buffer,
    certificate: Uint8Array,
    spoil = (bytes: Uint8Array): Uint8Array => bytes,
  ): void {
    const ephemeral = proto.handshake.decode(payload).clientHello?.ephemeral;
    const { intro } = this.#reader;
    if (ephemeral === undefined || intro === undefined)
      throw new Error("The first frame is no client hello.");
    const dictionary = dictionaryOf(intro.dictionaryVersion);
    if (dictionary === undefined) throw new Error(`Unknown dictionary version ${intro.dictionaryVersion}.`);
    const { staticKey } = this.#service.identity;
    const noise = new NoiseResponder({
      prologue: intro.bytes,
      staticKey,
      ephemeralKey: generateKeyPair(this.#service.random),
      certificate,
    });
    const hello = noise.hello(ephemeral);
    const serverHello = { ...hello, payload: spoil(hello.payload) };
    this.#stage = { name: "client-finish", noise, dictionary };
    this.#socket.send(frame(proto.handshake.encode({ serverHello })));
  }

  #finish(payload: Buffer, noise: NoiseResponder, dictionary: TokenDictionary): void {
    const { clientFinish } = proto.handshake.decode(payload);
    if (clientFinish?.static === undefined || clientFinish.payload === undefined) {
      throw new Error("The second frame is no client finish.");
    }
    const finished = noise.finish({ static: clientFinish.static, payload: clientFinish.payload });
    this.#stage = { name: "stream", ciphers: finished.ciphers, dictionary };
    this.step("client-finish", {
      go: () => signIn(this.#service, this, finished.clientKey, proto.clientPayload.decode(finished.payload)),
    });
  }
}

function bytesFrom(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
