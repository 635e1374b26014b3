/** Server-sent events to a few readers at a time, bounded: one that stalls is let go, and connects again by itself. */
import type { ServerResponse } from "node:http";
import { ZpwootError } from "../../errors.js";

/** Streams at a time. */
const MAX_STREAMS = 32;
/** What a reader may leave unread, in bytes. */
const MAX_UNREAD_BYTES = 8 << 20;
/** A comment this often, so that a connection that was lost is noticed. */
const BEAT_MS = 15_000;

/** The open streams of one kind. */
export class EventStreams {
  readonly #streams = new Set<ServerResponse>();
  readonly #onLast: () => void;
  #beat: NodeJS.Timeout | undefined;

  /** `onLast` is called whenever the last stream has closed. */
  constructor(onLast: () => void = () => undefined) {
    this.#onLast = onLast;
  }

  /** How many are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Opens a stream on a response, with a first event. Throws `INVALID_INPUT` when there are too many. */
  open(response: ServerResponse, name: string, data: unknown): void {
    if (this.size >= MAX_STREAMS)
      throw new ZpwootError("INVALID_INPUT", `At most ${MAX_STREAMS} streams at a time; close a page`);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.#streams.add(response);
    this.#beat ??= setInterval(() => this.#write(":\n\n"), BEAT_MS).unref();
    write(response, textOf(name, data));
    response.once("close", () => this.#closed(response));
  }

  /** Sends an event to all. */
  send(name: string, data: unknown): void {
    if (this.size > 0) this.#write(textOf(name, data));
  }

  #closed(response: ServerResponse): void {
    this.#streams.delete(response);
    if (this.size > 0) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
    this.#onLast();
  }

  #write(text: string): void {
    for (const response of this.#streams) write(response, text);
  }
}

function textOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function write(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(text);
}
