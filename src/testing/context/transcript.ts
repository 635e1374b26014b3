/** The stanzas that were exchanged, for the message of a failing test. Bounded; content is shown only by its length. */
import { childrenOf, type BinaryNode } from "../wire/node.js";

/** One stanza that was sent or received. */
export interface TranscriptEntry {
  /** Milliseconds since the emulator started. */
  readonly atMs: number;
  readonly connectionId: number;
  readonly direction: "from-client" | "to-client";
  readonly stanza: BinaryNode;
}

/** Lines in the error of a wait that timed out, and the longest of them, in characters. */
const TAIL_LINES = 10;
const MAX_TAIL_LINE = 240;

/** The last stanzas of an emulator. */
export class Transcript {
  readonly #entries: TranscriptEntry[] = [];
  readonly #limit: number;
  readonly #observers = new Set<(line: string) => void>();

  /** Keeps so many stanzas; the oldest are dropped first. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Appends a stanza. */
  add(entry: TranscriptEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.shift();
    if (this.#observers.size === 0) return;
    const line = lineOf(entry);
    for (const observer of this.#observers) observer(line);
  }

  /** Calls the function with the line of each further stanza, until the function that it returns is called. It must not throw. */
  observe(observer: (line: string) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** The last ten lines of {@link toString}, long ones cut off: short enough for the message of an error. */
  tail(): string {
    return this.#entries
      .slice(-TAIL_LINES)
      .map((entry) => shortened(lineOf(entry)))
      .join("\n");
  }

  /** One line per stanza, oldest first. */
  toString(): string {
    return this.#entries.map(lineOf).join("\n");
  }
}

function lineOf({ atMs, connectionId, direction, stanza }: TranscriptEntry): string {
  const arrow = direction === "from-client" ? ">" : "<";
  return `${String(Math.round(atMs)).padStart(6)} ms #${connectionId} ${arrow} ${describeNode(stanza)}`;
}

function shortened(line: string): string {
  return line.length > MAX_TAIL_LINE ? `${line.slice(0, MAX_TAIL_LINE)}…` : line;
}

/** A node as one line of markup, without the bytes and texts in it: they may be keys. */
function describeNode(target: BinaryNode): string {
  const attributes = Object.entries(target.attrs)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");
  const { content } = target;
  if (content === undefined) return `<${target.tag}${attributes}/>`;
  if (typeof content === "string" || content instanceof Uint8Array)
    return `<${target.tag}${attributes}>(${content.length})</${target.tag}>`;
  const inner = childrenOf(target).map(describeNode).join("");
  return `<${target.tag}${attributes}>${inner}</${target.tag}>`;
}
