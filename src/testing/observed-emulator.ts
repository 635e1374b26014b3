/** What a test observes of an emulator: its events, what went wrong, the last stanzas; and the switches that make things go wrong. */
import { AssertionError } from "node:assert";
import type { ServiceBehaviour } from "./context/behaviour.js";
import type { EmulatorContext } from "./context/emulator-context.js";
import type { EmulatorListener } from "./context/event-hub.js";
import type { EmulatorEventName, EmulatorEvents, UnknownQuery, Violation } from "./context/events.js";
import type { FaultRules } from "./context/faults.js";
import type { WaitOptions } from "./context/wait.js";

/** The observable part of an emulator. Every `WhatsAppEmulator` has it. */
export abstract class ObservedEmulator {
  readonly #context: EmulatorContext;

  /** @internal */
  constructor(context: EmulatorContext) {
    this.#context = context;
  }

  /** Switches of the service; assign to them at any time. */
  get behaviour(): ServiceBehaviour {
    return this.#context.behaviour;
  }

  /** The rules that make connections fail. */
  get faults(): FaultRules {
    return this.#context.faults;
  }

  /** Everything clients did that the protocol forbids, oldest first; at most the last 1,000. */
  get violations(): readonly Violation[] {
    return this.#context.violations;
  }

  /** Every stanza the emulator had no answer for, oldest first; at most the last 1,000. */
  get unknownQueries(): readonly UnknownQuery[] {
    return this.#context.unknownQueries;
  }

  /** Calls the listener at every event of the name. */
  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.on(name, listener);
    return this;
  }

  /** Stops calling the listener. */
  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.off(name, listener);
    return this;
  }

  /** Calls the listener at the next event of the name. */
  once<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): this {
    this.#context.events.once(name, listener);
    return this;
  }

  /**
   * Settles with the next event of a name that the predicate accepts. Rejects with `TIMEOUT` (after 5 s by default; the message
   * ends with the last stanzas) or `ABORTED`.
   *
   * @example
   * ```ts
   * await emulator.waitFor("login", ({ jid }) => jid.startsWith("5511999990001"), { timeoutMs: 10_000 });
   * ```
   */
  waitFor<Name extends EmulatorEventName>(
    name: Name,
    predicate?: (event: EmulatorEvents[Name]) => boolean,
    options?: WaitOptions,
  ): Promise<EmulatorEvents[Name]> {
    return this.#context.events.waitFor(name, predicate, options);
  }

  /**
   * Throws an `AssertionError` when a client broke the protocol, or sent what the emulator has no answer for: it lists them, with the last
   * stanzas. For the end of every test.
   *
   * @example
   * ```ts
   * afterEach(() => emulator.assertClean());
   * ```
   */
  assertClean(): void {
    const broken = this.violations.map(({ jid = "a client", problem }) => `${jid}: ${problem}`);
    const unknown = this.unknownQueries.map(
      ({ jid = "a client", tag, xmlns = "", type = "", child = "" }) =>
        `${jid}: no answer for <${[tag, xmlns, type, child].filter(Boolean).join(" ")}>`,
    );
    const problems = [...broken, ...unknown];
    if (problems.length === 0) return;
    const message = `${problems.join("\n")}\nlast stanzas:\n${this.#context.transcript.tail()}`;
    throw new AssertionError({ message, actual: problems, expected: [] });
  }

  /** The last stanzas, one line each, for the message of a failing test. Holds no keys and no texts. */
  transcript(): string {
    return this.#context.transcript.toString();
  }

  /**
   * Calls the function with the line of each further stanza, as {@link transcript} has it, until the function that it returns is called.
   *
   * @example
   * ```ts
   * const stop = emulator.observeTranscript((line) => console.log(line));
   * ```
   */
  observeTranscript(observer: (line: string) => void): () => void {
    return this.#context.transcript.observe(observer);
  }
}
