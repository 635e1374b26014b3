/**
 * Runs methods where their sessions live. Who that is is read from the store for each call, and checked again by the node that is asked: it
 * answers for what is its own only.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { withAnyOf } from "../../async/forward-abort.js";
import { COMMAND_MS } from "../../async/command-deadline.js";
import { ZpwootError } from "../../errors.js";
import type { AskOptions, ClusterHost, Holding, Owners, Router } from "../ports.js";
import { Bodies, type Packed } from "./bodies.js";
import { Calls, type Outcome } from "./calls.js";
import type { Message } from "./envelope.js";
import { aborted, movedMeanwhile, noNode, older, silent, timedOut, unreached } from "./failures.js";
import { METHODS, NODE_NOTES, type RoutedMethod } from "./methods.js";
import type { Post } from "./post.js";
import type { ServedCalls } from "./served-calls.js";
import { hasLeft, isMoved, servedCalls } from "./serving.js";
import { Streams } from "./streams.js";

/** For how long the node that runs a session is looked for: longer than others need to take the sessions of one that died. */
const LOOK_MS = 11_000;
/** Waits between two looks; a change of owners ends them. */
const LOOK_AGAIN_MS = { first: 25, most: 500 } as const;
/** How long the server that carries the messages may be away before a call for another node fails. */
const BUS_MS = 3_000;

const NEVER = new AbortController().signal;

/** What a {@link ClusterRouter} needs. */
export interface ClusterRouterOptions {
  readonly host: ClusterHost;
  readonly owners: Owners;
  readonly post: Post;
}

/** One method that is to be run. */
interface Run {
  readonly method: string;
  readonly spec: RoutedMethod;
  readonly session: string;
  /** From the first call of another node on, what {@link RoutedMethod.prepared} makes of them. */
  args: readonly unknown[];
  readonly local: (args: readonly unknown[]) => Promise<unknown>;
  /** By `performance.now`. */
  readonly endsAt: number;
}

/** What came of one try: the method's own result, or why to try again. */
type Try = { readonly value: unknown } | { readonly again: ZpwootError };

/** See the head of this file. */
export class ClusterRouter implements Router {
  readonly methods = Object.keys(METHODS).filter((method) => METHODS[method]?.inner !== true);
  readonly #options: ClusterRouterOptions;
  readonly #streams: Streams;
  readonly #bodies: Bodies;
  readonly #calls: Calls;
  readonly #served: ServedCalls;

  constructor(options: ClusterRouterOptions) {
    this.#options = options;
    const { post, owners, host } = options;
    // Any number of calls may wait at once.
    setMaxListeners(0, host.signal);
    const send = (node: string, message: Message): void => post.send(node, message);
    this.#streams = new Streams(send);
    this.#bodies = new Bodies(this.#streams);
    this.#calls = new Calls((node, message) => post.publish(node, message));
    this.#served = servedCalls({ owners, host, bodies: this.#bodies, send });
  }

  /** Another node says something. Never throws. */
  onMessage(from: string, message: Message): void {
    switch (message.kind) {
      case "request":
        return this.#served.onRequest(from, message);
      case "abort":
        return this.#served.onAbort(message.id);
      case "working":
      case "answer":
      case "error":
      case "refusal":
        if (!this.#calls.onMessage(message) && message.kind === "answer")
          this.#bodies.refuse(from, message.body);
        return;
      case "note":
        return this.#noted(message.method, message.args);
      case "hint":
        return;
      default:
        this.#streams.onMessage(from, message);
    }
  }

  async run(
    method: string,
    args: readonly unknown[],
    local: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const spec = METHODS[method];
    const [session] = args;
    if (spec === undefined || typeof session !== "string") return local(args);
    const endsAt = performance.now() + (spec.ms?.(args) ?? COMMAND_MS);
    return this.#search({ method, spec, session, args, local, endsAt });
  }

  async ask(
    node: string,
    method: string,
    args: readonly unknown[],
    { timeoutMs, signal }: AskOptions,
  ): Promise<unknown> {
    const packed = this.#bodies.pack(args);
    const endsAt = performance.now() + timeoutMs;
    try {
      const outcome = await this.#calls.make({ node, method, body: packed.body, endsAt, signal });
      if (outcome.by === "answer") return await this.#bodies.unpack(node, outcome.body, signal ?? NEVER);
      throw outcome.by === "error" ? outcome.error : silent(this.#nameOf(node), method, false);
    } finally {
      packed.withdraw();
    }
  }

  note(node: string, method: string, args: readonly unknown[]): void {
    this.#options.post.send(node, { kind: "note", method, args });
  }

  async stop(): Promise<void> {
    this.#calls.stop();
    this.#served.stop();
    this.#streams.stop();
    await this.#options.post.close();
  }

  #noted(method: string, args: readonly unknown[]): void {
    const { host } = this.#options;
    if (Object.hasOwn(NODE_NOTES, method)) host.call(method, args, host.signal).catch(() => {});
  }

  /** Until the method was run somewhere, or time is over. */
  async #search(run: Run): Promise<unknown> {
    let failingSince = performance.now();
    for (let looks = 0; ; looks += 1) {
      const askedAt = performance.now();
      const tried = await this.#try(run);
      if ("value" in tried) return tried.value;
      const now = performance.now();
      // It was worked on for a while: whoever goes on with it gets as long again to be found.
      if (now - askedAt > LOOK_MS) failingSince = now;
      const mostMs = this.#options.post.up ? LOOK_MS : BUS_MS;
      if (now - failingSince >= mostMs || now >= run.endsAt) throw tried.again;
      await this.#untilChanged(Math.min(LOOK_AGAIN_MS.most, LOOK_AGAIN_MS.first * 2 ** Math.min(looks, 10)));
    }
  }

  async #try(run: Run): Promise<Try> {
    const { owners, host } = this.#options;
    const { session } = run;
    if (owners.owns(session)) return this.#locally(run);
    const holding = await owners.ownerOf(session);
    if (holding !== undefined && holding.node !== owners.nodeId) return this.#remotely(run, holding);
    // Whatever is wrong with it, this node says so.
    if (!(await host.sessions.isStored(session))) return { value: await run.local(run.args) };
    return { again: noNode() };
  }

  async #locally(run: Run): Promise<Try> {
    try {
      return { value: await run.local(run.args) };
    } catch (error) {
      if (!(await hasLeft(this.#options, run.session, error))) throw error;
      if (!mayRepeat(run)) throw movedMeanwhile(run.method);
      return { again: movedMeanwhile(run.method) };
    }
  }

  async #remotely(run: Run, { node, epoch }: Holding): Promise<Try> {
    const { spec, method, session, endsAt } = run;
    if (spec.instead !== undefined) throw elsewhere(method, this.#nameOf(node), spec.instead);
    run.args = spec.prepared?.(run.args) ?? run.args;
    const packed = this.#bodies.pack(run.args);
    try {
      const outcome = await this.#calls.make({
        ...{ node, method, session, epoch, body: packed.body, endsAt },
        ...{ signal: packed.signals[0], keepsSignal: spec.keepsSignal, repeats: mayRepeat(run) },
      });
      return await this.#resultOf(outcome, run, node, packed);
    } finally {
      packed.withdraw();
    }
  }

  async #resultOf(outcome: Outcome, run: Run, node: string, packed: Packed): Promise<Try> {
    const { method, spec } = run;
    const name = this.#nameOf(node);
    const retry = (error: ZpwootError, repeats = mayRepeat(run)): Try => {
      if (!repeats || packed.isRead()) throw error;
      return { again: error };
    };
    switch (outcome.by) {
      case "answer": {
        const value = await this.#bodies.unpack(node, outcome.body, packed.signals[0] ?? NEVER);
        return { value: spec.revived?.(value) ?? value };
      }
      case "error":
        if (isMoved(outcome.error)) return retry(movedMeanwhile(method));
        throw outcome.error;
      case "refusal":
        if (outcome.why === "unknown-method") throw older(method, name);
        // Nothing has begun.
        return retry(unreached(name, this.#options.post), true);
      case "silence":
        return retry(silent(name, method, true));
      case "timeout":
        throw timedOut(method);
      case "abort":
        throw aborted(method);
    }
  }

  async #untilChanged(ms: number): Promise<void> {
    const { owners, host } = this.#options;
    const timer = new AbortController();
    await withAnyOf([timer.signal, host.signal], async (signal) => {
      const waits = [owners.changed(signal), sleep(ms, undefined, { signal })];
      await Promise.race(waits.map((wait) => wait.catch(() => {})));
      timer.abort();
    });
  }

  #nameOf(node: string): string {
    return this.#options.owners.nodes().find(({ id }) => id === node)?.name ?? node;
  }
}

/** Whether it may be run again when nobody knows whether it was. */
function mayRepeat({ spec, args }: Run): boolean {
  return spec.kind !== "once" || spec.repeats?.(args) === true;
}

function elsewhere(method: string, node: string, instead: string): ZpwootError {
  const sentence = `${method}: the session lives on another node of the cluster, "${node}": ${instead}`;
  return new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}
