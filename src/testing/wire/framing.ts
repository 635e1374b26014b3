/**
 * Frames: three bytes of length, then the payload. The protocol ignores WebSocket message boundaries, so bytes
 * are collected until a frame is whole. A client's first bytes are an intro, sometimes with a routing prefix before it;
 * the service sends neither.
 */

/** What a client sends before its first frame. */
export interface Intro {
  /** The four bytes themselves; they are mixed into the handshake. */
  readonly bytes: Buffer;
  /** Version of the protocol, 6. */
  readonly protocolVersion: number;
  /** Version of the word dictionary the client reads and writes. */
  readonly dictionaryVersion: number;
}

const LENGTH_SIZE = 3;
const INTRO_SIZE = 4;
/** Largest payload a frame can announce, in bytes. */
const MAX_FRAME_LENGTH = 0xffffff;
const EDGE_PREFIX = Buffer.from([0x45, 0x44, 0x00, 0x01]);

/** A payload with its length in front. */
export function frame(payload: Uint8Array): Buffer {
  if (payload.length > MAX_FRAME_LENGTH) throw new Error(`a frame holds at most ${MAX_FRAME_LENGTH} bytes`);
  const out = Buffer.alloc(LENGTH_SIZE + payload.length);
  out.writeUIntBE(payload.length, 0, LENGTH_SIZE);
  out.set(payload, LENGTH_SIZE);
  return out;
}

/** Turns bytes into whole payloads. With `expectIntro` it reads a client's intro first. */
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

  /** Adds received bytes and returns the payloads they complete. Throws when the intro is wrong. */
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
    if (this.#pending.length < LENGTH_SIZE) return undefined;
    const end = LENGTH_SIZE + this.#pending.readUIntBE(0, LENGTH_SIZE);
    if (this.#pending.length < end) return undefined;
    const payload = this.#pending.subarray(LENGTH_SIZE, end);
    this.#pending = this.#pending.subarray(end);
    return payload;
  }

  #readIntro(): boolean {
    if (this.#pending.length < INTRO_SIZE) return false;
    if (this.#pending.subarray(0, INTRO_SIZE).equals(EDGE_PREFIX)) {
      const header = INTRO_SIZE + LENGTH_SIZE;
      if (this.#pending.length < header) return false;
      const end = header + this.#pending.readUIntBE(INTRO_SIZE, LENGTH_SIZE);
      if (this.#pending.length < end + INTRO_SIZE) return false;
      this.#pending = this.#pending.subarray(end);
    }
    const bytes = Buffer.from(this.#pending.subarray(0, INTRO_SIZE));
    if (bytes.toString("latin1", 0, 2) !== "WA")
      throw new Error("the client's first bytes are not the intro WA");
    this.#pending = this.#pending.subarray(INTRO_SIZE);
    this.#intro = { bytes, protocolVersion: bytes[2] ?? 0, dictionaryVersion: bytes[3] ?? 0 };
    return true;
  }
}
