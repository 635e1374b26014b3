/** The requests to one endpoint, one at a time. */
import type { DeliveryContext } from "./delivery-context.js";
import type { DeliveryTarget } from "./endpoints.js";
import type { QueuedRecord } from "./outbox/records.js";
import { outcomeOfError, outcomeOfResponse, type ResponseOutcome } from "./response-outcome.js";
import { deliveryHeaders } from "./signature.js";

/** See the head of this file. */
export class EndpointRequests {
  readonly #context: Pick<DeliveryContext, "limits" | "transport" | "now">;
  /** The attempt under way. */
  #sending: { readonly url: string; readonly cancel: AbortController } | undefined;

  constructor(context: Pick<DeliveryContext, "limits" | "transport" | "now">) {
    this.#context = context;
  }

  /** Where the request under way goes; undefined when there is none. */
  get url(): string | undefined {
    return this.#sending?.url;
  }

  /** Ends the request under way. */
  cancel(): void {
    this.#sending?.cancel.abort();
  }

  /** Sends an event. Settles with what came of it, undefined when the request was ended by {@link cancel}. Never rejects. */
  async send(target: DeliveryTarget, record: QueuedRecord): Promise<ResponseOutcome | undefined> {
    const cancel = new AbortController();
    this.#sending = { url: target.url, cancel };
    const outcome = await this.#attempt(target, record, cancel.signal);
    this.#sending = undefined;
    return outcome.kind !== "delivered" && cancel.signal.aborted ? undefined : outcome;
  }

  async #attempt(
    target: DeliveryTarget,
    record: QueuedRecord,
    signal: AbortSignal,
  ): Promise<ResponseOutcome> {
    const { limits, transport, now } = this.#context;
    try {
      const headers = deliveryHeaders(target, record, now());
      const post = { url: target.url, headers, body: record.body, timeoutMs: limits.timeoutMs, signal };
      return outcomeOfResponse(await transport.post(post), now());
    } catch (error) {
      return outcomeOfError(error);
    }
  }
}
