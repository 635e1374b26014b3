/** One of the logs that a reader merges: what of it has arrived, and up to which id it is known. */
import type { EventGap, PublishedEvent } from "../../api/event-stream.js";
import { backoffMs } from "../../async/backoff.js";
import { WakeSignal } from "../../async/wake-signal.js";
import type { Feed, FeedItem } from "../feed.js";

/** Events that wait here; the log's own process keeps the rest. */
const MAX_WAITING = 512;
/** A question that got lost is asked again after this time. */
const ASK_AGAIN_MS = 1_000;
const REOPEN_BACKOFF = { firstMs: 50, maxMs: 1_000 };

/** Opens a log after a position. */
type OpenFeed = (after: string, signal: AbortSignal) => Feed;

/** What a source is made with. */
export interface SourceOptions {
  readonly open: OpenFeed;
  readonly after: string;
  /** Something has arrived, or ended. */
  readonly onChange: () => void;
}

/** See the head of this file. */
export class Source {
  readonly #options: SourceOptions;
  readonly #room = new WakeSignal();
  #waiting: (PublishedEvent | EventGap)[] = [];
  #upTo: string;
  #feed: Feed | undefined;
  #stop = new AbortController();
  #asked = { upTo: "", at: -Infinity };
  #state: "opening" | "open" | "broken" | "over" = "opening";
  #failures = 0;
  #reopenAt = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#upTo = options.after;
    void this.#run(options.after, this.#stop.signal);
  }

  /** The next event or gap. */
  get head(): PublishedEvent | EventGap | undefined {
    return this.#waiting[0];
  }

  /** Whether its log was closed, or its session has left. */
  get isEnded(): boolean {
    return this.#state === "over";
  }

  /** Takes the head. */
  take(): void {
    this.#waiting.shift();
    if (this.#waiting.length < MAX_WAITING) this.#room.wake();
  }

  /** Whether nothing can come of it that is before an id. */
  isKnownUpTo(id: string): boolean {
    return this.#waiting.length > 0 || this.#upTo >= id || this.#state === "over";
  }

  /** Asks to be known up to an id. */
  ask(upTo: string): void {
    const now = performance.now();
    if (this.#state !== "open" || (upTo <= this.#asked.upTo && now - this.#asked.at < ASK_AGAIN_MS)) return;
    this.#asked = { upTo, at: now };
    this.#feed?.ask(upTo);
  }

  /** Whether it ended without a word for it, and it is time to read it again. */
  get isDue(): boolean {
    return this.#state === "broken" && performance.now() >= this.#reopenAt;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Reads again what came after a position. */
  reopen(after: string): void {
    this.#stop.abort();
    this.#room.wake();
    this.#stop = new AbortController();
    void this.#run(after, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
    this.#room.wake();
  }

  async #run(after: string, signal: AbortSignal): Promise<void> {
    this.#waiting = [];
    this.#upTo = after;
    this.#state = "opening";
    this.#asked = { upTo: "", at: -Infinity };
    try {
      const feed = this.#options.open(after, signal);
      this.#feed = feed;
      for await (const item of feed.items) {
        if (signal.aborted) return;
        this.#arrived(item);
        this.#options.onChange();
        while (this.#waiting.length >= MAX_WAITING && !signal.aborted) await this.#room.wait();
      }
    } catch {
      // Like an end without the word for it: it is read again.
    }
    if (signal.aborted || this.isEnded) return;
    this.#state = "broken";
    this.#failures += 1;
    this.#reopenAt = performance.now() + backoffMs(this.#failures, REOPEN_BACKOFF);
    this.#options.onChange();
  }

  #arrived(item: FeedItem): void {
    this.#state = "open";
    this.#failures = 0;
    if ("end" in item) this.#state = "over";
    else if ("upTo" in item) this.#upTo = item.upTo;
    else {
      this.#waiting.push(item);
      if ("id" in item) this.#upTo = item.id;
    }
  }
}
