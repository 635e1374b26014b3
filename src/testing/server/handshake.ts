/** The handshake of one connection, from the client's first frame to the ciphers of the stream. */
import { generateKeyPair, type RandomBytes } from "../signal/index.js";
import type { ServiceIdentity } from "../wire/certificate.js";
import { dictionaryOf, type TokenDictionary } from "../wire/dictionary.js";
import type { Intro } from "../wire/framing.js";
import { NoiseResponder, type TransportCiphers } from "../wire/noise.js";
import { proto, type ClientPayload } from "../wire/proto.js";

/** How the service answers the first frame. */
export interface HelloOptions {
  /** The chain that does not lead to the root, instead of the right one. */
  readonly wrongCertificate?: boolean;
  /** A chain of the right shape that proves nothing, instead of the right one. */
  readonly forged?: keyof ServiceIdentity["forged"] | false;
  /** Changes the ciphertext, so that the client can't decrypt it. */
  readonly corrupt?: boolean;
}

/** What is known when the handshake is over. */
export interface FinishedHandshake {
  readonly ciphers: TransportCiphers;
  readonly dictionary: TokenDictionary;
  /** Static key of the client. */
  readonly clientKey: Uint8Array;
  /** Who the client says it is. */
  readonly payload: ClientPayload;
}

/** The service's side of one handshake. */
export class Handshake {
  readonly #identity: ServiceIdentity;
  readonly #random: RandomBytes;
  #started: { readonly noise: NoiseResponder; readonly dictionary: TokenDictionary } | undefined;

  constructor(identity: ServiceIdentity, random: RandomBytes) {
    this.#identity = identity;
    this.#random = random;
  }

  /** Whether the first frame was answered. */
  get started(): boolean {
    return this.#started !== undefined;
  }

  /** Answers the client's first frame. Throws when it is not a client hello, or of an unknown dictionary version. */
  answerHello(payload: Buffer, intro: Intro | undefined, options: HelloOptions = {}): Buffer {
    const ephemeral = proto.handshake.decode(payload).clientHello?.ephemeral;
    if (ephemeral === undefined || intro === undefined)
      throw new Error("The first frame is not a client hello");
    const dictionary = dictionaryOf(intro.dictionaryVersion);
    if (dictionary === undefined) throw new Error(`Unknown dictionary version ${intro.dictionaryVersion}`);
    const noise = new NoiseResponder({
      prologue: intro.bytes,
      staticKey: this.#identity.staticKey,
      ephemeralKey: generateKeyPair(this.#random),
      certificate: this.#certificateFor(options),
    });
    const hello = noise.hello(ephemeral);
    const sent = options.corrupt === true ? hello.payload.map((byte) => byte ^ 1) : hello.payload;
    this.#started = { noise, dictionary };
    return proto.handshake.encode({ serverHello: { ...hello, payload: sent } });
  }

  /** Those of faults are made when they are asked for: a signature takes a millisecond. */
  #certificateFor({ wrongCertificate, forged }: HelloOptions): Uint8Array {
    if (wrongCertificate === true) return this.#identity.wrongCertificate;
    return forged ? this.#identity.forged[forged] : this.#identity.certificate;
  }

  /** Reads the client's second frame. Throws when it is not an authentic client finish. */
  finish(payload: Buffer): FinishedHandshake {
    const { clientFinish } = proto.handshake.decode(payload);
    if (
      this.#started === undefined ||
      clientFinish?.static === undefined ||
      clientFinish.payload === undefined
    ) {
      throw new Error("The second frame is not a client finish");
    }
    const { noise, dictionary } = this.#started;
    const finished = noise.finish({ static: clientFinish.static, payload: clientFinish.payload });
    return {
      ciphers: finished.ciphers,
      dictionary,
      clientKey: finished.clientKey,
      payload: proto.clientPayload.decode(finished.payload),
    };
  }
}
