/** The steps of one connection, each taken as it should be or as a fault rule wants it. */

import type { FaultAction, FaultRules, Phase, StepFacts } from "../context/faults.js";

/** How a step is taken. What is not given is not done. */
export interface Step extends StepFacts {
  /** As it should be. */
  readonly go: () => void;
  /** Refused with a number. */
  readonly refuse?: (error: number) => void;
  readonly duplicate?: () => void;
  readonly corrupt?: () => void;
  readonly wrongCertificate?: () => void;
  /** Called when a fault took its place. */
  readonly replaced?: () => void;
}

/** What the steps of a connection stand on. */
export interface StepsOptions {
  readonly rules: FaultRules;
  /** Called with each rule that strikes. */
  readonly onFault: (at: Phase) => void;
  /** Makes something go wrong with the connection. */
  readonly perform: (action: FaultAction) => void;
}

/** See the file. */
export class FaultPoints {
  readonly #options: StepsOptions;
  /** FaultPoints that were put off. */
  readonly #delays = new Set<NodeJS.Timeout>();

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  take(at: Phase, { go, phoneNumber, query, ...ways }: Step): void {
    const { rules, onFault, perform } = this.#options;
    const action = rules.take(at, { phoneNumber, query })?.action;
    if (action === undefined) return go();
    onFault(at);
    if (typeof action === "object" && "delayMs" in action) return this.#later(action.delayMs, go);
    ways.replaced?.();
    if (typeof action === "object" && "error" in action) return ways.refuse?.(action.error);
    if (action === "duplicate") return ways.duplicate?.();
    if (action === "corrupt") return ways.corrupt?.();
    if (action === "wrong-certificate") return ways.wrongCertificate?.();
    if (action !== "drop") perform(action);
  }

  /** The connection is gone: what was put off is not done. */
  end(): void {
    for (const delay of this.#delays) clearTimeout(delay);
    this.#delays.clear();
  }

  #later(ms: number, go: () => void): void {
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      go();
    }, ms);
    this.#delays.add(delay);
  }
}
