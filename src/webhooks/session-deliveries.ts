/** The endpoints of one session. What is queued for several of them is stored in one batch. */
import type { Along, KeySpace } from "../store/space/key-space.js";
import type { DeliveryContext } from "./delivery-context.js";
import { EndpointDelivery } from "./endpoint-delivery.js";
import { DEFAULT_ENDPOINT } from "./endpoints.js";
import { sizeOf, type QueuedRecord } from "./outbox/records.js";
import { SessionWriter } from "./outbox/session-writer.js";

/** See the head of this file. */
export class SessionDeliveries {
  readonly #sessionId: string;
  readonly #space: (endpoint: string) => KeySpace;
  readonly #context: DeliveryContext;
  readonly #deliveries = new Map<string, EndpointDelivery>();
  readonly #writer: SessionWriter;

  constructor(sessionId: string, space: (endpoint: string) => KeySpace, context: DeliveryContext) {
    this.#sessionId = sessionId;
    this.#space = space;
    this.#context = context;
    this.#writer = new SessionWriter(space(DEFAULT_ENDPOINT), context.limits.maxPendingBytes);
  }

  /** Those that there are, by name. */
  get all(): ReadonlyMap<string, EndpointDelivery> {
    return this.#deliveries;
  }

  /** The delivery of an endpoint; made, if there is none. */
  of(endpoint: string): EndpointDelivery {
    const known = this.#deliveries.get(endpoint);
    if (known !== undefined) return known;
    const [sessionId, writer] = [this.#sessionId, this.#writer];
    const place = { sessionId, endpoint, space: this.#space(endpoint), writer };
    const delivery = new EndpointDelivery(place, this.#context);
    this.#deliveries.set(endpoint, delivery);
    return delivery;
  }

  /** Forgets a delivery that was removed. */
  delete(endpoint: string): void {
    this.#deliveries.delete(endpoint);
  }

  /**
   * Queues an event, in parts if it was split, for endpoints. Settles when it is durable for all that are not removed meanwhile. Rejects
   * with a store error or `STOPPED`.
   */
  async queue(
    records: readonly QueuedRecord[],
    {
      endpoints,
      at,
      along,
    }: { readonly endpoints: readonly string[]; readonly at: number; readonly along: Along | undefined },
  ): Promise<void> {
    const deliveries = endpoints.map((endpoint) => this.of(endpoint));
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    const reports = await this.#writer.change({ bytes, alone: false, along }, async () => {
      const begun = await Promise.all(deliveries.map((delivery) => delivery.begin()));
      return deliveries.flatMap((delivery, index) => (begun[index] ? [delivery.append(records, at)] : []));
    });
    for (const report of reports) report();
  }

  /** Stores something in the order of the session's events. Settles when it is durable; rejects with a store error. */
  store(along: Along): Promise<void> {
    return this.#writer.change({ bytes: 0, alone: false, along }, async () => {});
  }
}
