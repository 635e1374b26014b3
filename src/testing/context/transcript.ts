/** What went over the wire, kept for the message of a failing test. Bounded; bytes are shown only by their length. */

import { childrenOf, type BinaryNode } from "../wire/node.js";

/** One stanza that passed. */
export interface TranscriptEntry {
  /** Milliseconds since the emulator started. */
  readonly atMs: number;
  readonly connectionId: number;
  readonly direction: "from-client" | "to-client";
  readonly stanza: BinaryNode;
}

/** The last stanzas of an emulator. */
export class Transcript {
  readonly #entries: TranscriptEntry[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(entry: TranscriptEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.shift();
  }

  /** The stanzas kept, oldest first. */
  get entries(): readonly TranscriptEntry[] {
    return this.#entries;
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

/** A node as one line of markup, without the bytes and texts it holds: they may be keys. */
export function describeNode(target: BinaryNode): string {
  const attributes = Object.entries(target.attrs)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");
  const { content } = target;
  if (content === undefined) return `<${target.tag}${attributes}/>`;
  const inner = Array.isArray(content)
    ? childrenOf(target).map(describeNode).join("")
    : `(${(content as string | Uint8Array).length})`;
  return `<${target.tag}${attributes}>${inner}</${target.tag}>`;
}
