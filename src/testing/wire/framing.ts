/**
 * Frames: three bytes of length, then the payload. WebSocket message boundaries mean nothing to the protocol, so bytes
 * are collected until a frame is whole. A client's very first bytes are an intro, and before it perhaps a routing
 * prefix; the service sends neither.
 */

/** What a client says before its first frame. */
export interface Intro {
  /** The four bytes themselves; they are mixed into the handshake. */
  readonly bytes: Buffer;
  /** Version of the protocol, 6. */
  readonly protocolVersion: number;
  /** Version of the word dictionary the client reads and writes. */
  readonly dictionaryVersion: number;
}

const lengthSize = 3;
const introSize = 4;
/** Largest payload a frame can announce, in bytes. */
export const maxFrameLength = 0xffffff;
const edgePrefix = Buffer.from([0x45, 0x44, 0x00, 0x01]);

/** A payload with its length in front. */
export function frame(payload: Uint8Array): Buffer {
  if (payload.length > maxFrameLength) throw new Error(`a frame holds at most ${maxFrameLength} bytes`);
  const out = Buffer.alloc(lengthSize + payload.length);
  out.writeUIntBE(payload.length, 0, lengthSize);
  out.set(payload, lengthSize);
  return out;
}

/** Collects bytes and gives whole payloads. `expectIntro` makes it wait for a client's intro first. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #intro: Intro | undefined;
  readonly #expectIntro: boolean;

  constructor({ expectIntro }: { readonly expectIntro: boolean }) {
    this.#expectIntro = expectIntro;
  }

  /** The intro, once it has arrived. */
  get intro(): Intro | undefined {
    return this.#intro;
  }

  /** Takes bytes as they came and gives the payloads that became whole. Throws when the intro is wrong. */
  push(bytes: Uint8Array): readonly Buffer[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    if (this.#expectIntro && this.#intro === undefined && !this.#readIntro()) return [];
    const payloads: Buffer[] = [];
    for (;;) {
      const payload = this.#readFrame();
      if (payload === undefined) return payloads;
      payloads.push(payload);
    }
  }

  #readFrame(): Buffer | undefined {
    if (this.#pending.length < lengthSize) return undefined;
    const end = lengthSize + this.#pending.readUIntBE(0, lengthSize);
    if (this.#pending.length < end) return undefined;
    const payload = this.#pending.subarray(lengthSize, end);
    this.#pending = this.#pending.subarray(end);
    return payload;
  }

  #readIntro(): boolean {
    if (this.#pending.length < introSize) return false;
    if (this.#pending.subarray(0, introSize).equals(edgePrefix)) {
      const header = introSize + lengthSize;
      if (this.#pending.length < header) return false;
      const end = header + this.#pending.readUIntBE(introSize, lengthSize);
      if (this.#pending.length < end + introSize) return false;
      this.#pending = this.#pending.subarray(end);
    }
    const bytes = Buffer.from(this.#pending.subarray(0, introSize));
    if (bytes.toString("latin1", 0, 2) !== "WA")
      throw new Error("the client's first bytes are not the intro WA");
    this.#pending = this.#pending.subarray(introSize);
    this.#intro = { bytes, protocolVersion: bytes[2] ?? 0, dictionaryVersion: bytes[3] ?? 0 };
    return true;
  }
}
