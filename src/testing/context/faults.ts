/**
 * Failure on demand: rules that say what goes wrong, where, and how often. A rule replaces the step it names: the
 * service skips that step, or takes it differently, for the client concerned.
 */
import { ZpwootError } from "../../errors.js";
import { digitsOf } from "../wire/jid.js";
import { problemOf, type FaultRule, type Phase, type StepFacts } from "./fault-actions.js";

/**
 * The rules of one emulator.
 *
 * @example
 * ```ts
 * emulator.faults.add({ at: "upgrade", action: { httpStatus: 503 }, times: Infinity });
 * emulator.faults.clear();
 * ```
 */
export class FaultRules {
  readonly #rules = new Set<{ readonly rule: FaultRule; remaining: number }>();

  /**
   * Adds a rule and returns a function that removes it. Throws `INVALID_INPUT` for an action that is not possible at that
   * step: before the handshake is over the service can only be silent, send garbage or end the connection.
   *
   * @example
   * ```ts
   * const remove = emulator.faults.add({ at: "client-hello", action: "silence", times: 3 });
   * ```
   */
  add(rule: FaultRule): () => void {
    const problem = problemOf(rule);
    if (problem !== undefined) throw new ZpwootError("INVALID_INPUT", problem);
    const entry = { rule, remaining: rule.times ?? 1 };
    this.#rules.add(entry);
    return () => void this.#rules.delete(entry);
  }

  /** Removes every rule. */
  clear(): void {
    this.#rules.clear();
  }

  /**
   * The rule for a step, counted as used; undefined when the step is taken normally.
   *
   * @internal
   */
  take(at: Phase, facts: StepFacts = {}): FaultRule | undefined {
    for (const entry of this.#rules) {
      if (entry.rule.at !== at || !matches(entry.rule, facts)) continue;
      entry.remaining -= 1;
      if (entry.remaining <= 0) this.#rules.delete(entry);
      return entry.rule;
    }
    return undefined;
  }
}

function matches({ phoneNumber, query = {} }: FaultRule, facts: StepFacts): boolean {
  if (phoneNumber !== undefined && digitsOf(phoneNumber) !== facts.phoneNumber) return false;
  return (["xmlns", "type", "child"] as const).every(
    (name) => query[name] === undefined || query[name] === facts.query?.[name],
  );
}
