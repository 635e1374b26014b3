/** What a device has not acknowledged yet. The service keeps a stanza until then, across connections. */
import type { BinaryNode } from "../wire/node.js";

/** The stanzas on their way to one device, oldest first. */
export class OfflineQueue {
  readonly #pending = new Map<string, BinaryNode>();

  /** Number of stanzas not acknowledged yet. */
  get size(): number {
    return this.#pending.size;
  }

  /** The stanzas not acknowledged yet, oldest first. */
  get stanzas(): readonly BinaryNode[] {
    return [...this.#pending.values()];
  }

  /** Keeps a stanza until it is acknowledged. */
  add(stanza: BinaryNode): void {
    this.#pending.set(keyOf(stanza.tag, stanza.attrs.id, stanza.attrs.from, stanza.attrs.type), stanza);
  }

  /** Removes the stanza that an `ack` is about; returns whether there was one. */
  acknowledge(ack: BinaryNode): boolean {
    const { class: tag, id, to, type } = ack.attrs;
    return this.#pending.delete(keyOf(tag, id, to, type));
  }

  /** Removes messages by their receipt, which acknowledges as much as an `ack`: some clients send nothing else. */
  acknowledgeMessages(ids: readonly string[]): void {
    for (const [key, { tag, attrs }] of this.#pending) {
      if (tag === "message" && ids.includes(attrs.id ?? "")) this.#pending.delete(key);
    }
  }
}

// Two receipts of one message differ only in their type; messages are acknowledged without one.
function keyOf(tag = "", id = "", peer = "", type = ""): string {
  return [tag, id, peer, tag === "message" ? "" : type].join(" ");
}
