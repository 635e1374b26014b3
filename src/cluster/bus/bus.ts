/** The way of messages between nodes. A port: Redis and Postgres carry them. What it carries may be lost, and is never the truth. */

import type { SharedRedis } from "../../api/cluster.js";

/** Gets the text of a message. Must not throw. */
export type BusListener = (text: string) => void;

/** The longest text of one message, in characters. Whatever is longer goes in pieces, each asked for (`routing/streams.ts`). */
export const MAX_MESSAGE = 512 * 1024;

/** How many messages, and how many characters of them, may wait for the server at once. */
export const MAX_WAITING = { messages: 10_000, characters: 32 * 1024 * 1024 } as const;

/** How long the server may take to confirm a message, in milliseconds. */
export const PUBLISH_MS = 2_500;

/** What a bus is made with. */
export interface BusOptions {
  readonly url: string;
  /** Stands before the names of all channels. */
  readonly prefix: string;
  /** Whether nobody else is there to talk to: the server is asked seldom whether it still answers. Default: never. */
  readonly isQuiet?: (() => boolean) | undefined;
  /** Errors that belong to no call. */
  readonly onError: (error: unknown) => void;
}

/** Between two questions whether the server still answers, in milliseconds. */
const PING_MS = 1_000;

/** How long to wait with the next of those questions: `quietMs`, while nobody else is there. */
export function pingPauseMs({ isQuiet = () => false }: Pick<BusOptions, "isQuiet">, quietMs: number): number {
  return isQuiet() ? quietMs : PING_MS;
}

/** Carries messages to whoever listens on a channel now. */
export interface Bus {
  /** The kind and place, without credentials: `redis://host:6379`. */
  readonly description: string;
  /** Whether messages can be sent and received now. */
  readonly up: boolean;
  /** For what nodes count together; undefined where it is no Redis. */
  readonly redis?: SharedRedis | undefined;
  /**
   * Connects, and goes on trying for as long as it is open. Settles when the first try has ended, whatever came of it; rejects with
   * `MISSING_PACKAGE`, and with `INVALID_OPTION` for a server that can't be one, only.
   */
  open(): Promise<void>;
  /**
   * Calls the listener at every message on a channel from now on, also after the connection was lost. One listener a channel. Settles when
   * the server knows of it, if it answers; never rejects.
   */
  listen(channel: string, listener: BusListener): Promise<void>;
  /** Ends that. */
  leave(channel: string): void;
  /**
   * Sends a message. Messages of one node to one channel arrive in order. Settles when the server has it: with how many listen, where
   * the server says so. Rejects with {@link NotSent}, also when the server has not answered in time.
   */
  publish(channel: string, text: string): Promise<number | undefined>;
  /** Calls the listener whenever `up` has changed. */
  onChange(listener: (up: boolean) => void): void;
  /** Drops the connections. Idempotent; never rejects. */
  close(): Promise<void>;
}

/** A message did not get through. */
export class NotSent extends Error {
  override readonly name = "NotSent";
  /** Whether the server may have got it all the same. */
  readonly maybe: boolean;

  constructor(bus: string, reason: string, maybe: boolean) {
    super(`The bus ${bus} takes no messages: ${reason}`);
    this.maybe = maybe;
  }
}
