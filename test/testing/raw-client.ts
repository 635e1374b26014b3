/** A client of the bare protocol, for what a library hides: malformed input, and how exactly a connection ends. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { generateKeyPair, prefixedKey, xeddsaSign, type KeyPair } from "../../src/testing/signal/index.js";
import { decodeNode } from "../../src/testing/wire/decode.js";
import { encodeNode } from "../../src/testing/wire/encode.js";
import { frame, FrameReader } from "../../src/testing/wire/framing.js";
import { bytesOf, childOf, childrenOf, node, textOf, type BinaryNode } from "../../src/testing/wire/node.js";
import { NoiseState, type TransportCiphers } from "../../src/testing/wire/noise.js";
import { proto, type ClientPayload, type DevicePairingData } from "../../src/testing/wire/proto.js";
import { sharedSecret } from "../../src/testing/signal/index.js";
import { DICTIONARY_VERSION_3 } from "../../src/testing/wire/dictionary.js";

/** How a connection ended or went wrong, in one word, with the number that came with it. */
export type Outcome = string;

const intro = Buffer.from([0x57, 0x41, 6, 3]);

/** A source of randomness. */
type Random = (length: number) => Uint8Array;

/** Keys of one client; they outlive its connections. */
export class RawIdentity {
  readonly noise: KeyPair;
  readonly identity: KeyPair;
  readonly signedPreKey: KeyPair;
  readonly advSecret: Uint8Array;
  readonly #random: Random;

  constructor(random: Random = randomBytes) {
    this.#random = random;
    this.noise = generateKeyPair(random);
    this.identity = generateKeyPair(random);
    this.signedPreKey = generateKeyPair(random);
    this.advSecret = random(32);
  }

  /** A right registration, with whatever should be wrong about it. */
  registration(changes: Partial<DevicePairingData> = {}): ClientPayload {
    return {
      passive: false,
      userAgent: { platform: 14, appVersion: { primary: 2, secondary: 3000, tertiary: 1 } },
      devicePairingData: {
        eRegid: Buffer.from([0, 0, 1, 2]),
        eKeytype: Buffer.of(5),
        eIdent: this.identity.publicKey,
        eSkeyId: Buffer.from([0, 0, 1]),
        eSkeyVal: this.signedPreKey.publicKey,
        eSkeySig: xeddsaSign(
          this.identity.privateKey,
          prefixedKey(this.signedPreKey.publicKey),
          this.#random(64),
        ),
        buildHash: Buffer.alloc(16),
        deviceProps: proto.deviceProps.encode({ os: "Raw" }),
        ...changes,
      },
    };
  }

  /** The text of the QR code for a reference. */
  qr(ref: string): string {
    const keys = [this.noise.publicKey, this.identity.publicKey, this.advSecret];
    return [ref, ...keys.map((key) => Buffer.from(key).toString("base64"))].join(",");
  }
}

/** One connection of the bare protocol. */
export class RawClient {
  readonly #socket: WebSocket;
  readonly #reader = new FrameReader({ expectIntro: false });
  readonly #ephemeral: KeyPair;
  readonly #received: Buffer[] = [];
  readonly #frames: Buffer[] = [];
  readonly #stanzas: BinaryNode[] = [];
  readonly #waiting = new Set<() => void>();
  #noise: NoiseState | undefined;
  #ciphers: TransportCiphers | undefined;
  /** How the connection went wrong; undefined while all is well. */
  outcome: Outcome | undefined;

  /** Called with each stanza, when it is set; none is kept then. */
  onStanza: ((stanza: BinaryNode) => void) | undefined;

  constructor(url: string, random: Random = randomBytes) {
    this.#ephemeral = generateKeyPair(random);
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on("message", (data) => this.#take(data as Buffer));
    this.#socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#ended(`error ${error.code ?? error.message}`),
    );
    this.#socket.on("close", (code) => this.#ended(`closed ${code}`));
  }

  /** Settles when the WebSocket is open. */
  async opened(): Promise<this> {
    if (this.#socket.readyState !== WebSocket.OPEN) await once(this.#socket, "open");
    return this;
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Asks for a pong of the WebSocket itself. */
  get pong(): Promise<unknown> {
    this.#socket.ping();
    return once(this.#socket, "pong");
  }

  /** Sends the first handshake message. `prefix` stands before the intro. */
  sendHello(prefix: Uint8Array = Buffer.alloc(0)): void {
    this.#noise = new NoiseState(intro);
    this.#noise.mixHash(this.#ephemeral.publicKey);
    const hello = proto.handshake.encode({ clientHello: { ephemeral: this.#ephemeral.publicKey } });
    this.sendBytes(Buffer.concat([prefix, intro, frame(hello)]));
  }

  /** The whole handshake up to and including the client finish. */
  async handshake(noiseKey: KeyPair, payload: ClientPayload): Promise<void> {
    if (this.#noise === undefined) this.sendHello();
    const noise = this.#noise as unknown as NoiseState;
    const { serverHello } = proto.handshake.decode(await this.#nextFrame());
    if (serverHello === undefined) throw new Error("no server hello");
    noise.mixHash(serverHello.ephemeral);
    noise.mixKey(sharedSecret(this.#ephemeral.privateKey, serverHello.ephemeral));
    const serverStatic = noise.decryptAndHash(serverHello.static);
    noise.mixKey(sharedSecret(this.#ephemeral.privateKey, serverStatic));
    this.certificate = noise.decryptAndHash(serverHello.payload);
    this.serverStatic = serverStatic;
    const encryptedKey = noise.encryptAndHash(noiseKey.publicKey);
    noise.mixKey(sharedSecret(noiseKey.privateKey, serverHello.ephemeral));
    const clientFinish = {
      static: encryptedKey,
      payload: noise.encryptAndHash(proto.clientPayload.encode(payload)),
    };
    this.#ciphers = noise.split("client");
    this.sendBytes(frame(proto.handshake.encode({ clientFinish })));
  }

  /** Encoded certificate chain the service showed. */
  certificate: Uint8Array | undefined;
  /** Long-lived key the service used. */
  serverStatic: Uint8Array | undefined;

  /** Sends a stanza. */
  send(stanza: BinaryNode): void {
    this.sendBytes(this.sealed(stanza));
  }

  /** The frame of a stanza, to be sent in whatever pieces. */
  sealed(stanza: BinaryNode, options: { readonly compress?: boolean } = {}): Buffer {
    if (this.#ciphers === undefined) throw new Error("the handshake is not over");
    return frame(this.#ciphers.encrypt(encodeNode(stanza, DICTIONARY_VERSION_3, options)));
  }

  /** The next stanza not taken yet that the predicate accepts. */
  async next(accept: (stanza: BinaryNode) => boolean): Promise<BinaryNode> {
    return this.#until(() => {
      const index = this.#stanzas.findIndex(accept);
      return index < 0 ? undefined : this.#stanzas.splice(index, 1)[0];
    }, "stanza");
  }

  /** Sends a query and gives its answer. */
  async query(stanza: BinaryNode): Promise<BinaryNode> {
    const id = stanza.attrs.id ?? randomBytes(4).toString("hex");
    this.send({ ...stanza, attrs: { to: "@s.whatsapp.net", ...stanza.attrs, id } });
    return this.next((answer) => answer.tag === "iq" && answer.attrs.id === id);
  }

  /** What came and was not asked for yet. */
  get stanzas(): readonly BinaryNode[] {
    return this.#stanzas;
  }

  /** The references for QR codes; acknowledges them. */
  async refs(): Promise<readonly string[]> {
    const iq = await this.next((stanza) => childOf(stanza)?.tag === "pair-device");
    this.send(node("iq", { to: "@s.whatsapp.net", type: "result", id: iq.attrs.id }));
    return childrenOf(childOf(iq), "ref").map((ref) => textOf(ref) ?? "");
  }

  /** Waits for the phone's promise and signs it; `sign` may do it wrong. */
  async signPromise(keys: RawIdentity, sign: typeof xeddsaSign = xeddsaSign): Promise<BinaryNode> {
    const iq = await this.next((stanza) => childOf(stanza)?.tag === "pair-success");
    const sealed = proto.advSignedDeviceIdentityHmac.decode(
      bytesOf(childOf(childOf(iq), "device-identity")) ?? Buffer.alloc(0),
    );
    const { details, accountSignatureKey, accountSignature } = proto.advSignedDeviceIdentity.decode(
      sealed.details,
    );
    const message = [Buffer.of(6, 1), details, keys.identity.publicKey, accountSignatureKey] as Uint8Array[];
    const deviceSignature = sign(keys.identity.privateKey, Buffer.concat(message));
    const signed = proto.advSignedDeviceIdentity.encode({
      ...(details && { details }),
      ...(accountSignature && { accountSignature }),
      deviceSignature,
    });
    const identity = node("device-identity", { "key-index": "1" }, signed);
    this.send(
      node("iq", { to: "@s.whatsapp.net", type: "result", id: iq.attrs.id }, [
        node("pair-device-sign", {}, [identity]),
      ]),
    );
    return iq;
  }

  /** Settles when something went wrong, or the connection ended; gives what. */
  wentWrong(): Promise<Outcome> {
    return this.#until(() => this.outcome, "outcome", true);
  }

  /** Ends it at once. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Everything that came, before it is decrypted. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  #take(data: Buffer): void {
    if (this.onStanza === undefined) this.#received.push(data);
    for (const payload of this.#reader.push(data)) {
      if (this.#ciphers === undefined) this.#frames.push(payload);
      else this.#stanza(payload, this.#ciphers);
    }
    this.#wake();
  }

  #stanza(payload: Buffer, ciphers: TransportCiphers): void {
    try {
      const stanza = decodeNode(ciphers.decrypt(payload), DICTIONARY_VERSION_3);
      if (this.onStanza !== undefined) return this.onStanza(stanza);
      this.#stanzas.push(stanza);
      if (stanza.tag === "failure") this.#ended(`failure ${stanza.attrs.reason ?? ""}`);
      if (stanza.tag === "stream:error")
        this.#ended(`stream:error ${stanza.attrs.code ?? childOf(stanza)?.tag ?? ""}`);
    } catch {
      this.#ended("garbage");
    }
  }

  /** The first frame of the handshake; one that can't be read is an outcome. */
  async #nextFrame(): Promise<Buffer> {
    return this.#until(() => this.#frames.shift(), "frame");
  }

  /** Whether the first frame that came is no handshake message. */
  async firstFrameIsGarbage(): Promise<boolean> {
    try {
      return proto.handshake.decode(await this.#nextFrame()).serverHello === undefined;
    } catch {
      return true;
    }
  }

  #ended(outcome: Outcome): void {
    this.outcome ??= outcome;
    this.#wake();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #until<Value>(look: () => Value | undefined, what: string, evenIfEnded = false): Promise<Value> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        act();
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) settle(() => resolve(found));
        else if (this.outcome !== undefined && !evenIfEnded) {
          settle(() => reject(new Error(`no ${what}: ${this.outcome}`)));
        }
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`no ${what} in time`))), 5000);
      this.#waiting.add(check);
      check();
    });
  }
}
