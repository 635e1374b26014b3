/** Calls of other nodes: a request, signs of life, an answer. */
import { randomUUID } from "node:crypto";
import { ZpwootError } from "../../errors.js";
import { NotSent } from "../bus/bus.js";
import { fromWire, type Message, type Refusal, type RequestMessage, type WireBody } from "./envelope.js";

/** After how long without a sign a request is sent again. The receiver knows it by its id. */
const ASK_AGAIN_MS = 1_500;
/** After how long without a sign nobody is believed to work on it. */
const SILENT_MS = 7_000;
/** After how long without any sign of one that may be asked for again. */
const NOT_ARRIVED_MS = 3_500;
/** How many calls may wait at once. */
const MAX_CALLS = 10_000;

/** How a call ended. */
export type Outcome =
  | { readonly by: "answer"; readonly body: WireBody }
  | { readonly by: "error"; readonly error: Error }
  /** Nothing has begun there. */
  | { readonly by: "refusal"; readonly why: Refusal | "unreached" }
  /** It may have begun, and may go on. */
  | { readonly by: "silence" }
  | { readonly by: "timeout" }
  | { readonly by: "abort" };

/** A call. */
export interface Call {
  readonly node: string;
  readonly method: string;
  readonly session?: string | undefined;
  readonly epoch?: number | undefined;
  readonly body: WireBody;
  /** When it has to be over, by `performance.now`. */
  readonly endsAt: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it may be run twice. */
  readonly repeats?: boolean | undefined;
  /** Whether the signal still means something when the call has settled. */
  readonly keepsSignal?: boolean | undefined;
}

/** Settles with how many listen, if that is known. Rejects with {@link NotSent}. */
export type Publish = (node: string, message: Message) => Promise<number | undefined>;

type CallMessage = Extract<Message, { readonly kind: "working" | "answer" | "error" | "refusal" }>;

interface Pending {
  settle(outcome: Outcome): void;
  heardAt: number;
  /** Whether the receiver has said so. */
  arrived: boolean;
  /** Whether an earlier try may have arrived. */
  maybeSent: boolean;
}

/** The calls of one node that wait for an answer. */
export class Calls {
  readonly #publish: Publish;
  readonly #pending = new Map<string, Pending>();

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** A message about a call has come. Returns false for an answer that nobody waits for. */
  onMessage(message: CallMessage): boolean {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return false;
    pending.heardAt = performance.now();
    pending.arrived = true;
    if (message.kind === "answer") pending.settle({ by: "answer", body: message.body });
    else if (message.kind === "error") pending.settle({ by: "error", error: fromWire(message.error) });
    else if (message.kind === "refusal") pending.settle({ by: "refusal", why: message.why });
    return true;
  }

  /** Makes a call. Settles in time, whatever comes; never rejects, but with `NODE_UNAVAILABLE` when too many wait. */
  async make(call: Call): Promise<Outcome> {
    if (this.#pending.size >= MAX_CALLS)
      throw new ZpwootError("NODE_UNAVAILABLE", "Too many calls wait for other nodes: try again later");
    const id = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    // The owner says how it ended; if it says nothing, that is how.
    let onAbort = (): void => {};
    try {
      return await new Promise<Outcome>((settle) => {
        const pending: Pending = { settle, heardAt: performance.now(), arrived: false, maybeSent: false };
        this.#pending.set(id, pending);
        void this.#ask(id, call, pending);
        timer = setInterval(() => this.#look(id, call, pending), ASK_AGAIN_MS);
        onAbort = () => {
          this.#tell(call.node, { kind: "abort", id });
          setTimeout(() => settle({ by: "abort" }), ASK_AGAIN_MS).unref();
        };
        if (call.signal?.aborted === true) onAbort();
        call.signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      clearInterval(timer);
      if (!call.keepsSignal) call.signal?.removeEventListener("abort", onAbort);
      this.#pending.delete(id);
    }
  }

  /** All calls end. */
  stop(): void {
    const error = new ZpwootError("STOPPED", "The session manager was stopped");
    for (const pending of this.#pending.values()) pending.settle({ by: "error", error });
  }

  #look(id: string, call: Call, pending: Pending): void {
    const now = performance.now();
    if (now >= call.endsAt) {
      this.#tell(call.node, { kind: "abort", id });
      pending.settle({ by: "timeout" });
      return;
    }
    const silentMs = pending.arrived || call.repeats !== true ? SILENT_MS : NOT_ARRIVED_MS;
    if (now - pending.heardAt >= silentMs) pending.settle({ by: "silence" });
    else if (!pending.arrived) void this.#ask(id, call, pending);
  }

  async #ask(id: string, call: Call, pending: Pending): Promise<void> {
    const { node, method, session, epoch, body, endsAt } = call;
    const message: RequestMessage = {
      ...{ kind: "request", id, method, body, at: performance.now() },
      ...(session === undefined ? {} : { session }),
      ...(epoch === undefined ? {} : { epoch }),
      ...(endsAt === Infinity ? {} : { ms: Math.round(endsAt - performance.now()) }),
    };
    const wasSent = pending.maybeSent;
    pending.maybeSent = true;
    try {
      if ((await this.#publish(node, message)) !== 0) return;
    } catch (error) {
      if (!(error instanceof NotSent) || error.maybe) return;
    }
    // An earlier try may have arrived.
    if (!wasSent) pending.settle({ by: "refusal", why: "unreached" });
  }

  #tell(node: string, message: Message): void {
    this.#publish(node, message).catch(() => {});
  }
}
