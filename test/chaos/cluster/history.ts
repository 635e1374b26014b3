/** What happened to a cluster in a run, as the checker reads it: facts seen from outside, each with its moment. */

/** Stands for the process that does all this, and passes on what nodes and servers send. */
export const HARNESS = "the harness";

/** What is done to a process, or what it does as a whole. */
export type Turn = "frozen" | "woken" | "cut" | "healed" | "killed" | "leaving" | "gone";

/** A connection that the service sees. */
interface Connection {
  readonly process: string;
  readonly session: string;
  readonly connection: number;
}

/** One fact. */
export type Happened =
  /** A part of the run began. */
  | { readonly kind: "round"; readonly name: string }
  /** A process said which node of the cluster it is; after it was swept it may become another one. */
  | { readonly kind: "node"; readonly process: string; readonly node: string }
  | { readonly kind: Turn; readonly process: string }
  /** Servers that were away for all nodes are there again. */
  | { readonly kind: "returned" }
  /** The service saw a device of a session log in, or the end of its connection. */
  | ({ readonly kind: "login" } & Connection)
  | ({ readonly kind: "closed" } & Connection)
  /** The store named the node that runs a session; null when nobody does, undefined when the record went. */
  | {
      readonly kind: "holder";
      readonly session: string;
      readonly node: string | null | undefined;
      readonly epoch: number;
    }
  /** The store took a write to a session's records from a process, while it named that holder. */
  | {
      readonly kind: "wrote";
      readonly process: string;
      readonly session: string;
      readonly node: string | null | undefined;
    }
  /** Somebody asked a process to send a text, under a key that is the same at every try; it answered. */
  | { readonly kind: "asked"; readonly text: string; readonly session: string; readonly process: string }
  | { readonly kind: "answered"; readonly text: string; readonly ok: boolean; readonly code?: string }
  /** A text arrived at a phone, readable, as a message of that id. */
  | { readonly kind: "arrived"; readonly text: string; readonly id: string }
  /** A phone sent a text to a session; the receiver of its webhooks got it. */
  | { readonly kind: "sent"; readonly text: string; readonly session: string }
  | { readonly kind: "heard"; readonly text: string; readonly delivery: string }
  /** The store held a delivery in an outbox; the receiver took it; a process gave it up. */
  | { readonly kind: "queued"; readonly delivery: string; readonly session: string }
  | { readonly kind: "delivered"; readonly delivery: string }
  | { readonly kind: "given up"; readonly delivery: string; readonly reason: string }
  /** A reader of the events of a process got one of a session. */
  | { readonly kind: "event"; readonly reader: string; readonly session: string; readonly id: string }
  /** A process said how long its event loop was held up at most in the last second, and how much of a processor it used, in milliseconds. */
  | { readonly kind: "busy"; readonly process: string; readonly delayMs: number; readonly usedMs: number }
  /** What arrived could not be read. */
  | { readonly kind: "unreadable"; readonly who: string; readonly why: string };

/** A fact with its moment: milliseconds since 1970, of the one machine of the run. */
export type Entry = Happened & { readonly at: number };

/** What is left when all is over, read without the product. */
export interface EndState {
  /** The sessions that were linked, all of which must be connected. */
  readonly sessions: readonly string[];
  /** The deliveries that are still in an outbox. */
  readonly queued: readonly string[];
}

/** The moment, by the clock that all processes of the machine share. */
export const moment = (): number => performance.timeOrigin + performance.now();

/** A run, written down. */
export class History {
  readonly #entries: Entry[] = [];

  /** `at`: when it happened, where that is told by somebody else. */
  add(happened: Happened, at = moment()): void {
    this.#entries.push({ ...happened, at });
  }

  /** All facts in the order in which they happened: what others told came later. */
  get entries(): readonly Entry[] {
    return [...this.#entries].sort((one, other) => one.at - other.at);
  }

  count(kind: Happened["kind"]): number {
    return this.#entries.filter((entry) => entry.kind === kind).length;
  }
}
