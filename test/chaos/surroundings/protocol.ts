/** What the table says to its engine process, and hears from it. */
import type { ProxyConfig } from "../../../src/api/session-info.js";
import type { HowDisk } from "./disk-and-clock.js";

/** The sessions that a row breaks: one of their manager is left alone. */
export type Who = "victim" | "sibling";

/** How a row's manager is made. */
export interface RowOptions {
  readonly store: string;
  readonly proxy: ProxyConfig | null;
  readonly webhook: string | undefined;
}

/** How an action ended: settled, with the code of its error, or not at all within its time. */
export interface Ended {
  readonly what: string;
  readonly ms: number;
  readonly limitMs: number;
  readonly code: string;
}

/** What an engine process holds. */
export interface Held {
  readonly sockets: number;
  /** Files below the temporary folder: in it, and open. */
  readonly files: number;
}

/** The answers of sessions that nothing is done to. */
export interface Pings {
  readonly count: number;
  readonly medianMs: number;
  readonly slowestMs: number;
}

/** The commands of an engine process. */
export interface Commands {
  /** Links sessions of a manager of their own. */
  neighbours(count: number): Promise<void>;
  /** Measures from now on; with the row's sibling, or without. */
  measure(withSibling: boolean): Promise<void>;
  /** Ends the measurement when there are so many answers. */
  measured(count: number): Promise<Pings>;
  row(options: RowOptions): Promise<void>;
  act(who: Who, what: Act, limitMs: number, argument: string): Promise<Ended>;
  /** Settles when a session is connected. */
  connected(who: Who, timeoutMs: number): Promise<void>;
  /** Settles when the session has heard a message with the text. */
  heard(text: string, timeoutMs: number): Promise<void>;
  held(): Promise<Held>;
  setClock(aheadMs: number): Promise<void>;
  setDisk(how: HowDisk): Promise<void>;
  /** Writes so much to standard output and error. */
  talk(bytes: number): Promise<void>;
}

/** What is done to a session, or to its manager. */
export type Act =
  "connect" | "restart" | "status" | "send text" | "send file" | "download" | "set proxy" | "stop";

/** What a process sends by itself. */
export interface Notice {
  readonly qr: string;
  /** `neighbour 1`, `victim`, … */
  readonly session: string;
}
