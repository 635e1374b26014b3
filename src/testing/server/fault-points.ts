/** The steps of one connection, each taken normally or as a fault rule says. */
import type { FaultAction, Phase, Step } from "../context/fault-actions.js";
import type { FaultRules } from "../context/faults.js";

/** What the steps of a connection need. */
export interface FaultPointsOptions {
  readonly rules: FaultRules;
  /** Called with each rule that applies. */
  readonly onFault: (at: Phase) => void;
  /** Makes something go wrong with the connection. */
  readonly perform: (action: FaultAction) => void;
}

/** The fault points of one connection. */
export class FaultPoints {
  readonly #options: FaultPointsOptions;
  /** Timers of steps that were delayed. */
  readonly #delays = new Set<NodeJS.Timeout>();

  constructor(options: FaultPointsOptions) {
    this.#options = options;
  }

  /** Takes a step. */
  take(at: Phase, { proceed, phoneNumber, query, ...ways }: Step): void {
    const { rules, onFault, perform } = this.#options;
    const action = rules.take(at, { phoneNumber, query })?.action;
    if (action === undefined) return proceed();
    onFault(at);
    if (typeof action === "object" && "delayMs" in action) return this.#later(action.delayMs, proceed);
    ways.replaced?.();
    if (typeof action === "object" && "error" in action) return ways.refuse?.(action.error);
    if (action === "duplicate") return ways.duplicate?.();
    if (action === "corrupt") return ways.corrupt?.();
    if (action === "wrong-certificate") return ways.wrongCertificate?.();
    if (action !== "drop") perform(action);
  }

  /** The connection has ended: delayed steps are not taken. */
  end(): void {
    for (const delay of this.#delays) clearTimeout(delay);
    this.#delays.clear();
  }

  #later(ms: number, proceed: () => void): void {
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      proceed();
    }, ms);
    this.#delays.add(delay);
  }
}
