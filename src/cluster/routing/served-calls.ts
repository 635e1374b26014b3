/** Calls that other nodes make of this one: each once, in time, and only for what is its own. */
import { BoundedMap } from "../../async/bounded-map.js";
import { type Message, type Refusal, type RequestMessage, toWire, type WireBody } from "./envelope.js";
import { Lateness } from "./lateness.js";

/** How often the caller is told that work goes on. */
const WORKING_MS = 2_000;
/** How many calls may be worked on at once. */
const MAX_RUNNING = 5_000;
/** How long an answer is kept, in case it got lost. */
const ANSWERS = { max: 2_000, ttl: 30_000 } as const;
/** How long the signal of a call that has settled is listened to. */
const SIGNALS = { max: 2_000, ttl: 600_000 } as const;

/** What calls are served with. */
export interface ServedCallsOptions {
  /** Why a request is not served now. */
  readonly refusal: (request: RequestMessage) => Refusal | undefined;
  /** Does what is asked for. Settles with the answer. */
  readonly work: (node: string, request: RequestMessage, signal: AbortSignal) => Promise<WireBody>;
  /** Whether the node is there: nobody works for one that is not. */
  readonly isThere: (node: string) => boolean;
  /** Never rejects. */
  readonly send: (node: string, message: Message) => void;
}

/** See the head of this file. */
export class ServedCalls {
  readonly #options: ServedCallsOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #answers = new BoundedMap<string, Message>(ANSWERS);
  readonly #settled = new BoundedMap<string, AbortController>(SIGNALS);
  readonly #lateness = new Lateness();

  constructor(options: ServedCallsOptions) {
    this.#options = options;
  }

  /** Another node asks for something. */
  onRequest(node: string, request: RequestMessage): void {
    const { send } = this.#options;
    const { id } = request;
    const known = this.#answers.get(id) ?? (this.#running.has(id) ? { kind: "working", id } : undefined);
    if (known !== undefined) return send(node, known);
    const why = this.#refusal(node, request);
    if (why !== undefined) return this.#answer(node, { kind: "refusal", id, why });
    void this.#run(node, request);
  }

  /** The caller's signal fired. */
  onAbort(id: string): void {
    (this.#running.get(id) ?? this.#settled.get(id))?.abort();
  }

  /** Ends all work. */
  stop(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  #refusal(node: string, request: RequestMessage): Refusal | undefined {
    const late = this.#lateness.of(node, request.at);
    if (request.ms !== undefined && late >= request.ms) return "late";
    if (this.#running.size >= MAX_RUNNING) return "busy";
    return this.#options.refusal(request);
  }

  async #run(node: string, request: RequestMessage): Promise<void> {
    const { send, work, isThere } = this.#options;
    const { id } = request;
    const controller = new AbortController();
    this.#running.set(id, controller);
    send(node, { kind: "working", id });
    const timer = setInterval(() => {
      if (isThere(node)) send(node, { kind: "working", id });
      else controller.abort();
    }, WORKING_MS);
    let message: Message;
    try {
      message = { kind: "answer", id, body: await work(node, request, controller.signal) };
    } catch (error) {
      message = { kind: "error", id, error: toWire(error) };
    }
    clearInterval(timer);
    this.#running.delete(id);
    this.#settled.set(id, controller);
    this.#answer(node, message);
  }

  #answer(node: string, message: Message & { readonly id: string }): void {
    this.#answers.set(message.id, message);
    this.#options.send(node, message);
  }
}
