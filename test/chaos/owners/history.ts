/** What happened in a run, as the checker reads it: facts that were seen from outside, each with the moment. */

/** What a process was asked to do. */
export type Asked =
  | { readonly do: "create"; readonly name: string; readonly token: string }
  | { readonly do: "patch"; readonly id: string; readonly token: string }
  | { readonly do: "delete"; readonly id: string }
  | { readonly do: "send"; readonly id: string; readonly to: string; readonly text: string }
  | { readonly do: "make-key"; readonly name: string }
  | { readonly do: "revoke-key"; readonly keyId: string }
  | { readonly do: "verify-key"; readonly keyId: string; readonly key: string };

/** What happens to a process. */
type ProcessFact = "owning" | "frozen" | "woken" | "cut" | "healed" | "killed" | "gone";

/** One fact. */
export type Happened =
  /** A process was asked; `op` is unique in the run. */
  | { readonly kind: "asked"; readonly op: number; readonly process: string; readonly what: Asked }
  /** It answered: `value` is the id of what was made, or whether a key is valid. */
  | { readonly kind: "answered"; readonly op: number; readonly ok: boolean; readonly value?: unknown }
  /** A process said that it owns the store; that it was frozen, woken, cut off the store, connected to it again; that it is gone. */
  | { readonly kind: ProcessFact; readonly process: string }
  /** The service saw a device log in, or the end of its connection. */
  | {
      readonly kind: "login" | "closed";
      readonly process: string;
      readonly device: string;
      readonly connection: number;
    }
  /** The store named an owner. */
  | { readonly kind: "owner"; readonly epoch: number; readonly ownerId: string }
  /** The store held that in a session's record, or in an outbox. */
  | { readonly kind: "stored"; readonly token: string }
  | { readonly kind: "queued"; readonly delivery: string; readonly session: string }
  /** The receiver took a delivery. */
  | { readonly kind: "delivered"; readonly delivery: string }
  /** A process gave a delivery up. */
  | { readonly kind: "given up"; readonly delivery: string; readonly reason: string }
  /** A phone sent a text to a session; a session's process or its webhook had it. */
  | { readonly kind: "sent"; readonly text: string; readonly id: string }
  | { readonly kind: "heard"; readonly text: string }
  /** A device acknowledged a text: the service does not deliver it again. */
  | { readonly kind: "acknowledged"; readonly device: string; readonly id: string }
  /** A text arrived at a phone, readable; something arrived that was not. */
  | { readonly kind: "arrived"; readonly text: string }
  | {
      readonly kind: "undecryptable";
      readonly phone: string;
      readonly from: string;
      readonly reason: string;
    }
  /** A device could not read a text, and asked for it again. */
  | { readonly kind: "asked again"; readonly device: string }
  /** A round of the run began. */
  | { readonly kind: "round"; readonly name: string };

/** A fact with its moment, in milliseconds of the parent's clock. */
export type Entry = Happened & { readonly at: number };

/** What the store holds when all is over, read without the product. */
export interface EndState {
  readonly sessions: readonly { readonly id: string; readonly name: string; readonly token?: string }[];
  /** All raw keys. */
  readonly keys: readonly string[];
  readonly apiKeys: readonly string[];
  /** What came when the last process left: the next one would deliver it. */
  readonly queued: readonly { readonly delivery: string; readonly body: string }[];
}

/** A run, written down. */
export class History {
  readonly entries: Entry[] = [];
  readonly #stored = new Set<string>();
  readonly #queued = new Set<string>();
  #owner = "";

  add(happened: Happened): void {
    this.entries.push({ ...happened, at: performance.now() });
  }

  /** Facts that are seen again and again count once: what the store holds. */
  addOnce(happened: Extract<Happened, { readonly kind: "owner" | "stored" | "queued" }>): void {
    if (happened.kind === "owner") {
      const owner = `${happened.epoch} ${happened.ownerId}`;
      if (owner === this.#owner) return;
      this.#owner = owner;
    } else {
      const [seen, what] =
        happened.kind === "stored" ? [this.#stored, happened.token] : [this.#queued, happened.delivery];
      if (seen.has(what)) return;
      seen.add(what);
    }
    this.add(happened);
  }

  /** The names of the processes that owned the store, in this order. */
  get owners(): readonly string[] {
    return this.entries.flatMap((entry) => (entry.kind === "owning" ? [entry.process] : []));
  }

  /** How often something happened. */
  count(kind: Happened["kind"]): number {
    return this.entries.filter((entry) => entry.kind === kind).length;
  }
}
