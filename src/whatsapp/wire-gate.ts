/**
 * The gate on the wire of one connection. What the library writes is told at once that it is written, and leaves when everything is
 * durable that it may depend on: docs/decisions/0014-the-gate.md.
 */
import type { Duplex } from "node:stream";
import { LazySet } from "../async/lazy-collections.js";

/** Beyond so much that waits, the connection is ended. */
const MAX_CHUNKS = 20_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** Written behind what the system has not taken, to hear when it has. */
const NOTHING = Buffer.alloc(0);

type Callback = (error?: Error | null) => void;

/** What a {@link WireGate} needs. */
export interface WireGateOptions {
  /** The longest that anything may wait, in milliseconds; less than the library waits for the answer to its keep-alive. */
  readonly maxAgeMs: number;
  /** A hold was rejected, or a bound was passed: what waited is dropped, and nothing leaves any more. Called once, to end the connection. */
  readonly onFailed: (error: Error) => void;
}

/** Bytes that wait. */
interface Chunk {
  readonly data: Uint8Array | string;
  readonly encoding: BufferEncoding | undefined;
  /** The newest hold when it was written: it leaves when this one and all before it are done. */
  readonly mark: number;
  readonly since: number;
}

/**
 * Holds back what is written to a stream, in strict order. Each chunk waits for the holds that were there when it was written, not for
 * later ones, so that a burst of holds keeps nothing back for longer than its own hold takes.
 *
 * @example
 * const gate = new WireGate({ maxAgeMs: 30_000, onFailed: (error) => socket.end(error) });
 * gate.attach(stream);
 * gate.hold(saved); // what is written from now on leaves when `saved` has settled
 */
export class WireGate {
  readonly #options: WireGateOptions;
  readonly #open = new LazySet<number>();
  readonly #waiters: (() => void)[] = [];
  /** In the order of their marks. */
  readonly #marks: {
    readonly mark: number;
    readonly resolve: (hasLeft: boolean | Promise<boolean>) => void;
  }[] = [];
  readonly #nextRelease: (() => void)[] = [];
  #newest = 0;
  #queue: Chunk[] = [];
  #bytes = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #send: ((chunks: readonly Chunk[]) => void) | undefined;
  /** Settles with whether the system has taken all that the stream was given. */
  #taken: () => true | Promise<boolean> = () => true;
  /** Those who wait for that. A stream that is destroyed may forget to call back. */
  readonly #takers = new LazySet<(hasLeft: boolean) => void>();
  /** Lets what was written in this turn leave; undefined if nothing was. */
  #uncork: (() => void) | undefined;

  constructor(options: WireGateOptions) {
    this.#options = options;
  }

  /** How many holds are not done. */
  get held(): number {
    return this.#open.size;
  }

  /** Puts the gate on a stream. Once per gate. */
  attach(stream: Duplex): void {
    const write = stream.write.bind(stream) as (data: unknown, encoding?: unknown, done?: unknown) => boolean;
    const end = stream.end.bind(stream) as (...args: unknown[]) => Duplex;
    this.#send = (chunks) => {
      this.#corkTurn(stream);
      for (const { data, encoding } of chunks) write(data, encoding);
    };
    this.#taken = () => {
      this.#uncork?.();
      if (stream.writableLength === 0) return true;
      return new Promise((resolve) => {
        this.#takers.add(resolve);
        write(NOTHING, undefined, (error: unknown) => {
          this.#takers.delete(resolve);
          resolve(error == null);
        });
      });
    };
    stream.write = (
      data: Uint8Array | string,
      second?: BufferEncoding | Callback,
      third?: Callback,
    ): boolean => {
      const [encoding, done] = typeof second === "function" ? [undefined, second] : [second, third];
      if (this.#open.size === 0 && !this.#closed) {
        this.#corkTurn(stream);
        return write(data, encoding, done);
      }
      this.#keep(data, encoding);
      if (done) queueMicrotask(done);
      return true;
    };
    // The peer has closed: nothing may follow.
    stream.end = (...args: unknown[]) => {
      this.#drop();
      return end(...args);
    };
    stream.once("close", () => this.#drop());
  }

  /** What is written from now on leaves when the promise has settled. If it rejects, it never leaves, and the gate fails. */
  hold(until: Promise<unknown>): void {
    if (this.#closed) return void until.catch(() => {});
    const number = (this.#newest += 1);
    this.#open.add(number);
    until.then(
      () => this.#done(number),
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Settles when nothing waits, or nothing will leave any more. Never rejects. */
  drained(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Settles when all that was written so far has left the process, with true, or when it will not leave any more, with false. Never
   * rejects.
   */
  async sent(): Promise<boolean> {
    if (this.#closed) return false;
    if (this.#open.size === 0) return this.#taken();
    return new Promise((resolve) => this.#marks.push({ mark: this.#newest, resolve }));
  }

  /** Settles when the next hold is done, or nothing will leave any more. Never rejects. */
  released(): Promise<void> {
    return new Promise((resolve) => this.#nextRelease.push(resolve));
  }

  /** Drops what waits, lets nothing leave any more and reports the error. */
  fail(error: Error): void {
    if (this.#closed) return;
    this.#drop();
    this.#options.onFailed(error);
  }

  /** One call to the system for all that leaves before the event loop goes on: the receipts of a group commit, say. */
  #corkTurn(stream: Duplex): void {
    if (this.#uncork !== undefined) return;
    stream.cork();
    const uncork = (): void => {
      if (this.#uncork !== uncork) return;
      this.#uncork = undefined;
      stream.uncork();
    };
    this.#uncork = uncork;
    // Behind the microtasks that are queued, and those that they queue.
    queueMicrotask(() => process.nextTick(uncork));
  }

  #keep(data: Uint8Array | string, encoding: BufferEncoding | undefined): void {
    if (this.#closed) return;
    this.#queue.push({ data, encoding, mark: this.#newest, since: performance.now() });
    this.#bytes += data.length;
    if (this.#queue.length > MAX_CHUNKS || this.#bytes > MAX_BYTES)
      return this.fail(new Error("Too much waits to be sent until the store confirms what it depends on"));
    this.#timer ??= setTimeout(() => this.#checkAge(), this.#options.maxAgeMs);
  }

  #done(number: number): void {
    if (!this.#open.delete(number) || this.#closed) return;
    const [oldest = Infinity] = this.#open;
    const held = this.#queue.findIndex(({ mark }) => mark >= oldest);
    const released = this.#queue.splice(0, held === -1 ? this.#queue.length : held);
    for (const { data } of released) this.#bytes -= data.length;
    if (released.length > 0) this.#send?.(released);
    for (const resolve of this.#nextRelease.splice(0)) resolve();
    if ((this.#marks[0]?.mark ?? Infinity) < oldest) {
      const taken = this.#taken();
      while ((this.#marks[0]?.mark ?? Infinity) < oldest) this.#marks.shift()?.resolve(taken);
    }
    if (this.#open.size === 0) this.#settle();
  }

  #checkAge(): void {
    this.#timer = undefined;
    const [first] = this.#queue;
    if (first === undefined) return;
    const leftMs = first.since + this.#options.maxAgeMs - performance.now();
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#checkAge(), leftMs);
      return;
    }
    // The process itself may have been busy, and the store's answer be there already.
    setImmediate(() => {
      if (this.#queue[0] !== first) return this.#queue.length > 0 ? this.#checkAge() : undefined;
      this.fail(
        new Error(`The store did not confirm within ${this.#options.maxAgeMs} ms what waits to be sent`),
      );
    });
  }

  #drop(): void {
    this.#closed = true;
    this.#open.clear();
    this.#queue = [];
    this.#bytes = 0;
    for (const resolve of this.#nextRelease.splice(0)) resolve();
    for (const { resolve } of this.#marks.splice(0)) resolve(false);
    for (const resolve of this.#takers) resolve(false);
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiters.length > 0) this.#uncork?.();
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
