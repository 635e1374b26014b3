/**
 * Failure on demand: rules that say what goes wrong, where, and how often. A rule replaces the step it names: the
 * service does not take that step for the client it hits.
 */

import { ZpwootError } from "../errors.js";
import { digitsOf } from "./jid.js";

/** The steps of a connection a fault can replace, in order. */
export const phases = [
  /** Answering the HTTP upgrade. */
  "upgrade",
  /** Answering the first handshake message. */
  "client-hello",
  /** Answering the second handshake message: after it the stream is encrypted. */
  "client-finish",
  /** Sending the QR references to an unlinked client. */
  "pair-device",
  /** Sending `pair-success` to a client a phone scanned. */
  "pair-success",
  /** Telling a just linked client to restart. */
  "restart",
  /** Sending `success` to a linked client. */
  "login",
  /** Answering a query about pre-keys. */
  "pre-keys",
  /** Answering the request for traffic, upon which clients report themselves open. */
  "active",
  /** Nothing is replaced: the fault comes right after all waiting traffic and its end were sent. */
  "open",
] as const;

/** Name of a step; see {@link phases}. */
export type Phase = (typeof phases)[number];

/** What goes wrong. */
export type FaultAction =
  /** End the stream and close the WebSocket in good order. */
  | "close"
  /** Send a TCP RST. */
  | "reset"
  /** Say nothing more and hear nothing more, with the TCP connection left open. */
  | "silence"
  /** Send a frame that is neither authentic nor a node. */
  | "garbage"
  /** Refuse the client: `<failure>` with the reason and further attributes (`expire`, `location`, …), then close. */
  | { readonly failure: FailureSpec }
  /** End the stream with an error: 515 restart, 401 device removed, 440 replaced, 503 unavailable, or any number. */
  | { readonly streamError: number }
  /** Answer the HTTP upgrade with a status; only at `upgrade`. */
  | { readonly httpStatus: number };

/** Attributes of a `<failure>`. Without a reason clients assume 500. */
export interface FailureSpec {
  readonly reason?: number;
  /** Seconds of a temporary ban (reason 402). */
  readonly expire?: number;
  readonly [attribute: string]: string | number | undefined;
}

/** One rule. */
export interface FaultRule {
  readonly at: Phase;
  readonly action: FaultAction;
  /** How often the rule applies before it is used up; 1 unless told, `Infinity` for always. */
  readonly times?: number;
  /** Only for this account. Steps before the account is known (up to `pair-device`) never match such a rule. */
  readonly phoneNumber?: string;
}

const plainTextPhases: ReadonlySet<Phase> = new Set(["upgrade", "client-hello"]);

/** The rules of one emulator. */
export class FaultRules {
  readonly #rules = new Set<{ readonly rule: FaultRule; left: number }>();

  /**
   * Adds a rule and gives back what removes it. Throws `INVALID_INPUT` for an action that can't be expressed at that
   * step: before the handshake is over nothing can be said to a client but silence, garbage and the end.
   */
  add(rule: FaultRule): () => void {
    const problem = problemOf(rule);
    if (problem !== undefined) throw new ZpwootError("INVALID_INPUT", problem);
    const entry = { rule, left: rule.times ?? 1 };
    this.#rules.add(entry);
    return () => void this.#rules.delete(entry);
  }

  /** Removes every rule. */
  clear(): void {
    this.#rules.clear();
  }

  /** The rule for a step, counted as used; undefined when the step goes as it should. */
  take(at: Phase, phoneNumber?: string): FaultRule | undefined {
    for (const entry of this.#rules) {
      if (entry.rule.at !== at) continue;
      if (entry.rule.phoneNumber !== undefined && digitsOf(entry.rule.phoneNumber) !== phoneNumber) continue;
      entry.left -= 1;
      if (entry.left <= 0) this.#rules.delete(entry);
      return entry.rule;
    }
    return undefined;
  }
}

function problemOf({ at, action, times = 1 }: FaultRule): string | undefined {
  if (!phases.includes(at)) return `A fault's "at" must be one of ${phases.join(", ")}.`;
  if (!(times >= 1)) return `A fault's "times" must be at least 1.`;
  const isStanza = typeof action === "object" && !("httpStatus" in action);
  if (isStanza && plainTextPhases.has(at)) return `At "${at}" the service can't send a stanza yet.`;
  if (typeof action === "object" && "httpStatus" in action && at !== "upgrade") {
    return `An HTTP status can only be answered at "upgrade".`;
  }
  if (action === "garbage" && at === "upgrade") return `At "upgrade" use an HTTP status rather than garbage.`;
  return undefined;
}
