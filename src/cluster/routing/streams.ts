/** Streams between nodes: the reader asks for each piece, so that a slow one holds up the source and nothing piles up. */
import { randomUUID } from "node:crypto";
import { waitFor } from "../../async/deadline.js";
import { ZpwootError } from "../../errors.js";
import { fromWire, type Message, toWire } from "./envelope.js";

/** Bytes of one piece at most. */
const PIECE_BYTES = 256 * 1024;
/** How many streams of this node may be open. */
const MAX_STREAMS = 2_000;
/** A stream that nobody reads for so long is ended. */
const UNREAD_MS = 60_000;
/** After how long without an answer a piece is asked for again, and after how long nobody is believed to be there. */
const ASK_AGAIN_MS = 2_000;
const SILENT_MS = 10_000;
/** The most that is read into one value. */
const MAX_COLLECTED = 128 * 1024 * 1024;

type StreamMessage = Extract<Message, { readonly kind: "pull" | "piece" | "wait" | "end" | "drop" }>;

/** Sends a message to a node. Never rejects: what is lost is asked for again. */
export type Send = (node: string, message: Message) => void;

interface Offered {
  readonly stream: AsyncIterable<unknown>;
  /** Made when the first piece is asked for: what nobody reads is as it was. */
  iterator: AsyncIterator<unknown> | undefined;
  /** Bytes that were read and do not fit into a piece. */
  rest: Buffer;
  /** The number of the next piece, and the one before it, in case it got lost. */
  next: number;
  last: StreamMessage | undefined;
  reading: boolean;
  timer: NodeJS.Timeout;
}

/** The streams of one node, in both directions. */
export class Streams {
  readonly #send: Send;
  readonly #offered = new Map<string, Offered>();
  readonly #readers = new Map<string, (message: StreamMessage) => void>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** Lets another node read it. Throws when too many are open. */
  offer(stream: AsyncIterable<unknown>): string {
    if (this.#offered.size >= MAX_STREAMS)
      throw new ZpwootError(
        "NODE_UNAVAILABLE",
        "Too many files are on their way between the nodes: try again later",
      );
    const id = randomUUID();
    this.#offered.set(id, {
      ...{ stream, iterator: undefined, rest: Buffer.alloc(0), next: 0, last: undefined, reading: false },
      timer: setTimeout(() => this.#end(id), UNREAD_MS).unref(),
    });
    return id;
  }

  /** Whether something was read of a stream that this node offers, or offered. */
  isTouched(id: string): boolean {
    return this.#offered.get(id)?.iterator !== undefined || !this.#offered.has(id);
  }

  /** Offers a stream no more. One of which something was read is ended. */
  withdraw(id: string): void {
    this.#end(id);
  }

  /** A message about a stream has come. */
  onMessage(node: string, message: StreamMessage): void {
    if (message.kind === "pull") void this.#pulled(node, message.id, message.piece);
    else if (message.kind === "drop") this.#end(message.id);
    else this.#readers.get(message.id)?.(message);
  }

  /** Reads a stream of another node: piece by piece, once. Rejects with `ABORTED` by the signal. */
  async *read(node: string, id: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    let ended = false;
    try {
      for (let piece = 0; ; piece += 1) {
        const message = await this.#piece(node, id, piece, signal);
        if (message.kind === "end") {
          ended = true;
          if (message.error !== undefined) throw fromWire(message.error);
          return;
        }
        if (message.kind === "piece") yield Buffer.from(message.data, "base64");
      }
    } finally {
      if (!ended) this.#send(node, { kind: "drop", id });
    }
  }

  /** Reads a stream of another node to its end. */
  async collect(node: string, id: string): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.read(node, id)) {
      size += piece.length;
      if (size > MAX_COLLECTED)
        throw new ZpwootError(
          "INVALID_INPUT",
          `More than ${MAX_COLLECTED >> 20} MiB can't go to another node in one piece: pass a stream`,
        );
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Drops what this node will read no more: of an answer, say, that came too late. */
  refuse(node: string, id: string): void {
    this.#send(node, { kind: "drop", id });
  }

  /** Ends all streams. */
  stop(): void {
    for (const id of [...this.#offered.keys()]) this.#end(id);
  }

  async #piece(
    node: string,
    id: string,
    piece: number,
    signal: AbortSignal | undefined,
  ): Promise<StreamMessage> {
    let heardAt = performance.now();
    let settle: (message: StreamMessage) => void = () => {};
    const arrived = new Promise<StreamMessage>((resolve) => (settle = resolve));
    this.#readers.set(id, (message) => {
      if (message.kind === "wait") heardAt = performance.now();
      else if ("piece" in message && message.piece === piece) settle(message);
    });
    try {
      while (performance.now() - heardAt < SILENT_MS) {
        this.#send(node, { kind: "pull", id, piece });
        const result = await waitFor(arrived, { timeoutMs: ASK_AGAIN_MS, signal });
        if (result.by === "value") return result.value;
        if (result.by === "abort") throw new ZpwootError("ABORTED", "The stream was aborted");
      }
    } finally {
      this.#readers.delete(id);
    }
    throw new ZpwootError(
      "NODE_UNAVAILABLE",
      "The node that the file comes from does not answer any more: try again",
    );
  }

  async #pulled(node: string, id: string, piece: number): Promise<void> {
    const offered = this.#offered.get(id);
    if (offered === undefined) {
      const error = toWire(
        new ZpwootError("NODE_UNAVAILABLE", "The stream is not there any more: try again"),
      );
      this.#send(node, { kind: "end", id, piece, error });
      return;
    }
    offered.timer.refresh();
    if (offered.reading) this.#send(node, { kind: "wait", id, piece });
    else if (piece === offered.next - 1 && offered.last !== undefined) this.#send(node, offered.last);
    else if (piece === offered.next) await this.#read(node, id, offered);
  }

  async #read(node: string, id: string, offered: Offered): Promise<void> {
    offered.reading = true;
    const piece = offered.next;
    const message = await this.#next(id, piece, offered);
    offered.reading = false;
    offered.next += 1;
    offered.last = message;
    if (message.kind === "end") offered.timer.refresh();
    this.#send(node, message);
  }

  async #next(id: string, piece: number, offered: Offered): Promise<StreamMessage> {
    try {
      while (offered.rest.length === 0) {
        offered.iterator ??= offered.stream[Symbol.asyncIterator]();
        const next: IteratorResult<unknown> = await offered.iterator.next();
        if (next.done === true) return { kind: "end", id, piece };
        const { value } = next;
        if (value instanceof Uint8Array)
          offered.rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        else if (typeof value === "string") offered.rest = Buffer.from(value);
        else throw new ZpwootError("INVALID_INPUT", "A stream must yield bytes");
      }
      const data = offered.rest.subarray(0, PIECE_BYTES).toString("base64");
      offered.rest = offered.rest.subarray(PIECE_BYTES);
      return { kind: "piece", id, piece, data };
    } catch (error) {
      return { kind: "end", id, piece, error: toWire(error) };
    }
  }

  #end(id: string): void {
    const offered = this.#offered.get(id);
    if (offered === undefined) return;
    clearTimeout(offered.timer);
    this.#offered.delete(id);
    // Its own end may wait for a source that says nothing.
    Promise.resolve(offered.iterator?.return?.()).catch(() => {});
  }
}
