/** Packs arguments and results for another node, and unpacks those of one. */
import { invalid } from "../refusals.js";
import type { WireBody } from "./envelope.js";
import type { Streams } from "./streams.js";
import { decodeValue, encodeValue } from "./values.js";

/** A longer text goes as a stream. Sealed, and as base64, it still fits into a message. */
const MAX_TEXT = 150 * 1024;

/** Values on their way. */
export interface Packed {
  readonly body: WireBody;
  /** The signals in them. */
  readonly signals: readonly AbortSignal[];
  /** Whether a stream in them was read: they can't be sent again. */
  isRead(): boolean;
  /** Offers their streams no more. */
  withdraw(): void;
}

/** See the head of this file. */
export class Bodies {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** Throws `INVALID_INPUT` for what can't go to another node, `NODE_UNAVAILABLE` when too many streams are open. */
  pack(value: unknown): Packed {
    const signals: AbortSignal[] = [];
    const once: string[] = [];
    const again: string[] = [];
    const offer = (stream: AsyncIterable<unknown>, ids: string[]): string => {
      const id = this.#streams.offer(stream);
      ids.push(id);
      return id;
    };
    const withdraw = (): void => [...once, ...again].forEach((id) => this.#streams.withdraw(id));
    try {
      const text = encodeValue(value, {
        offer: (stream) => offer(stream, once),
        offerBytes: (bytes) => offer(single(bytes), again),
        signal: (signal) => void signals.push(signal),
      });
      const body = text.length > MAX_TEXT ? { stream: offer(single(Buffer.from(text)), again) } : { text };
      return { body, signals, withdraw, isRead: () => once.some((id) => this.#streams.isTouched(id)) };
    } catch (error) {
      withdraw();
      throw error instanceof TypeError ? invalid(error.message) : error;
    }
  }

  /** The values that a node has packed; `signal` stands in for theirs, and ends their streams. Rejects when these break. */
  async unpack(node: string, body: WireBody, signal: AbortSignal): Promise<unknown> {
    const text = "text" in body ? body.text : (await this.#streams.collect(node, body.stream)).toString();
    return decodeValue(text, {
      stream: (id) => this.#streams.read(node, id, signal),
      bytes: (id) => this.#streams.collect(node, id),
      signal,
    });
  }

  /** What a node has packed is not wanted. */
  refuse(node: string, body: WireBody): void {
    if ("stream" in body) this.#streams.refuse(node, body.stream);
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
