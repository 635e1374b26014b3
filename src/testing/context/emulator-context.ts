/** What every part of one emulator shares: events, switches, faults, transcript, clock, randomness, and what went wrong. */
import type { RandomBytes } from "../signal/index.js";
import { childOf, type BinaryNode } from "../wire/node.js";
import { DEFAULT_BEHAVIOUR, type ServiceBehaviour } from "./behaviour.js";
import { EventHub } from "./event-hub.js";
import type { ConnectionFacts, UnknownQuery, Violation } from "./events.js";
import { FaultRules } from "./faults.js";
import { Transcript, type TranscriptEntry } from "./transcript.js";

/** What a context is made of. */
export interface ContextOptions {
  /** Wall clock, in milliseconds. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** Stanzas the transcript keeps. */
  readonly transcriptLimit: number;
}

/** Violations and unknown queries kept each; the oldest are dropped first. */
const MAX_RECORDS = 1000;

/** The context of one emulator. Every part may have it; it knows none of them. */
export class EmulatorContext {
  readonly transcript: Transcript;
  readonly events: EventHub;
  readonly faults = new FaultRules();
  readonly behaviour: ServiceBehaviour = { ...DEFAULT_BEHAVIOUR };
  /** Wall clock, in milliseconds. */
  readonly now: () => number;
  /** Source of all randomness. */
  readonly random: RandomBytes;
  readonly #startedAtMs: number;
  readonly #violations: Violation[] = [];
  readonly #unknownQueries: UnknownQuery[] = [];

  constructor({ now, random, transcriptLimit }: ContextOptions) {
    this.now = now;
    this.random = random;
    this.#startedAtMs = now();
    this.transcript = new Transcript(transcriptLimit);
    this.events = new EventHub(this.transcript);
  }

  /** Wall-clock time in seconds, as stanzas carry it. */
  get seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Everything clients did that the protocol forbids, oldest first. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /** Every stanza the emulator had no answer for, oldest first. */
  get unknownQueries(): readonly UnknownQuery[] {
    return this.#unknownQueries;
  }

  /** Writes a stanza into the transcript. */
  record(connectionId: number, direction: TranscriptEntry["direction"], stanza: BinaryNode): void {
    this.transcript.add({ atMs: this.now() - this.#startedAtMs, connectionId, direction, stanza });
  }

  /** Records that a client broke the protocol, and emits `protocol-violation`. */
  reportViolation(connection: ConnectionFacts, problem: string): void {
    const violation = { ...connection, problem };
    pushBounded(this.#violations, violation);
    this.events.emit("protocol-violation", violation);
  }

  /** Records a stanza that the emulator has no answer for, and emits `unknown-query`. */
  reportUnknown(connection: ConnectionFacts, stanza: BinaryNode): void {
    const { tag, attrs } = stanza;
    const child = childOf(stanza)?.tag;
    const query = { ...connection, tag, xmlns: attrs.xmlns, type: attrs.type, child };
    pushBounded(this.#unknownQueries, query);
    this.events.emit("unknown-query", query);
  }
}

function pushBounded<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > MAX_RECORDS) items.shift();
}
