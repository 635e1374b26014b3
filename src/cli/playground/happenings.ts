/** What happens to the playground's session: its states, and what arrives at its webhook. Bounded, and live for the page. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { EventStreams } from "../../testing/admin/streams.js";

/** States and deliveries kept each, the newest. */
const MAX_KEPT = 50;
/** Largest delivery, in bytes. */
const MAX_DELIVERY_BYTES = 1 << 20;

/** A state of the session. */
export interface StatusEntry {
  /** Milliseconds. */
  readonly at: number;
  readonly status: string;
  readonly state: string;
  readonly reason: string | undefined;
}

/** Records and streams them. */
export class Happenings {
  /** The secret of the webhook. Until it is set deliveries are refused, and sent again by the server. */
  secret: string | undefined;
  readonly #statuses: StatusEntry[] = [];
  readonly #deliveries: { readonly id: string; readonly at: number; readonly body: unknown }[] = [];
  readonly #streams = new EventStreams();

  /** The session has another state. */
  noteStatus(entry: StatusEntry): void {
    keep(this.#statuses, entry);
    this.#streams.send("status", entry);
  }

  /** Opens a stream of them, from the kept ones on. Throws `INVALID_INPUT` when there are too many. */
  open(response: ServerResponse): void {
    this.#streams.open(response, "start", { statuses: this.#statuses, deliveries: this.#deliveries });
  }

  /** Receives a delivery, as a user's program does: verifies its signature, and takes each id once. */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_DELIVERY_BYTES) return void response.writeHead(413).end();
      chunks.push(chunk);
    }
    const accepted = this.#accept(
      Buffer.concat(chunks).toString(),
      request.headers as Record<string, string>,
    );
    response.writeHead(accepted ? 204 : 400).end();
  }

  #accept(body: string, headers: Record<string, string>): boolean {
    if (this.secret === undefined) return false;
    try {
      new Webhook(this.secret).verify(body, headers);
      const id = headers["webhook-id"] ?? "";
      if (this.#deliveries.some((known) => known.id === id)) return true;
      const delivery = { id, at: Date.now(), body: JSON.parse(body) as unknown };
      keep(this.#deliveries, delivery);
      this.#streams.send("webhook", delivery);
      return true;
    } catch {
      return false;
    }
  }
}

function keep<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > MAX_KEPT) items.shift();
}
