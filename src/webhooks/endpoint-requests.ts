/** The requests to one endpoint, one at a time. */
import type { DeliveryContext } from "./delivery-context.js";
import type { DeliveryTarget } from "./endpoints.js";
import type { Outcome, QueuedDelivery } from "./outbox/batch.js";
import { sizeOf, type QueuedRecord } from "./outbox/records.js";
import { outcomeOfError, outcomeOfResponse, type ResponseOutcome } from "./response-outcome.js";
import { referenceTo } from "./reference.js";
import { deliveryHeaders } from "./signature.js";

/** What became of an event that an endpoint has acknowledged: the body of one that it got by reference is kept. */
export function deliveredTo(target: DeliveryTarget, { n, record }: QueuedDelivery): Outcome {
  const referred = isReferred(target, record) ? record : undefined;
  return { kind: "delivered", n, bytes: sizeOf(record), referred };
}

/** Whether an endpoint gets an event by reference. */
function isReferred({ maxBodyBytes }: DeliveryTarget, record: QueuedRecord): boolean {
  return maxBodyBytes !== undefined && sizeOf(record) > maxBodyBytes;
}

/** See the head of this file. */
export class EndpointRequests {
  readonly #context: Pick<DeliveryContext, "limits" | "transport" | "now">;
  /** Ends the attempt under way. Used for one after the other, until it has ended one. */
  #cancel = new AbortController();
  #url: string | undefined;

  constructor(context: Pick<DeliveryContext, "limits" | "transport" | "now">) {
    this.#context = context;
  }

  /** Where the request under way goes; undefined when there is none. */
  get url(): string | undefined {
    return this.#url;
  }

  /** Ends the request under way. */
  cancel(): void {
    if (this.#url === undefined) return;
    this.#cancel.abort();
    this.#cancel = new AbortController();
  }

  /** Sends an event. Settles with what came of it, undefined when the request was ended by {@link cancel}. Never rejects. */
  async send(target: DeliveryTarget, record: QueuedRecord): Promise<ResponseOutcome | undefined> {
    const { signal } = this.#cancel;
    this.#url = target.url;
    const outcome = await this.#attempt(target, record, signal);
    this.#url = undefined;
    return outcome.kind !== "delivered" && signal.aborted ? undefined : outcome;
  }

  async #attempt(
    target: DeliveryTarget,
    record: QueuedRecord,
    signal: AbortSignal,
  ): Promise<ResponseOutcome> {
    const { limits, transport, now } = this.#context;
    try {
      const body = isReferred(target, record) ? referenceTo(record.body, limits.publicUrl) : record.body;
      const headers = deliveryHeaders(target, { id: record.id, body }, now());
      const post = { url: target.url, headers, body, timeoutMs: limits.timeoutMs, signal };
      return outcomeOfResponse(await transport.post(post), now());
    } catch (error) {
      return outcomeOfError(error);
    }
  }
}
