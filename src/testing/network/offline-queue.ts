/** What a device has not acknowledged yet. The service keeps a stanza until then, across connections. */

import type { BinaryNode } from "../wire/node.js";

/** The stanzas on their way to one device, oldest first. */
export class OfflineQueue {
  readonly #waiting = new Map<string, BinaryNode>();

  /** Stanzas not acknowledged yet. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Keeps a stanza until it is acknowledged. */
  put(stanza: BinaryNode): void {
    this.#waiting.set(keyOf(stanza.tag, stanza.attrs.id, stanza.attrs.from, stanza.attrs.type), stanza);
  }

  /** Takes a stanza off for an `ack`; says whether there was one. */
  acknowledge(ack: BinaryNode): boolean {
    const { class: tag, id, to, type } = ack.attrs;
    return this.#waiting.delete(keyOf(tag, id, to, type));
  }

  /** Takes messages off for a receipt: it says as much as an `ack`, and some clients send nothing else. */
  received(ids: readonly string[]): void {
    for (const [key, { tag, attrs }] of this.#waiting) {
      if (tag === "message" && ids.includes(attrs.id ?? "")) this.#waiting.delete(key);
    }
  }

  /** All that waits, oldest first. */
  get stanzas(): readonly BinaryNode[] {
    return [...this.#waiting.values()];
  }
}

// Two receipts of one message differ only in their type; messages are acknowledged without one.
function keyOf(tag = "", id = "", peer = "", type = ""): string {
  return [tag, id, peer, tag === "message" ? "" : type].join(" ");
}
