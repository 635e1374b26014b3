/** Server-sent events (HTML standard, section 9.2): the stream of `events()` as text. */
import type { PublishedEvent, StreamedEvent } from "../../api/event-stream.js";
import { RECHECK_MS } from "../access/still-allowed.js";
import { Arrival } from "../protocol/settled-within.js";

/** A comment this often keeps proxies from closing a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2_000;
const GAP = 'event: gap\ndata: {"gap":true}\n\n';

/** The headers of a stream. `x-accel-buffering: no` keeps nginx from buffering it. */
export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
} as const;

/** Who reads a stream. */
export interface StreamReader {
  /** Returns the event as the reader may see it. */
  show(event: PublishedEvent): PublishedEvent;
  /** Settles with whether the reader's key is still valid. */
  stillAllowed(): Promise<boolean>;
}

/**
 * The text of a stream, in pieces, with a heartbeat while there are no events. Ends with the events, and when the key is revoked: also
 * while nothing happens. Rejects when the store can't say whether the key is still valid; the reader comes back for the rest.
 */
export async function* sseText(
  events: AsyncGenerator<StreamedEvent, void, undefined>,
  reader: StreamReader,
  heartbeatMs = HEARTBEAT_MS,
): AsyncGenerator<string, void, undefined> {
  yield `retry: ${RETRY_MS}\n\n`;
  let checkedAt = performance.now();
  let quietSince = checkedAt;
  try {
    let next = new Arrival(events.next());
    for (;;) {
      const untilHeartbeat = quietSince + heartbeatMs - performance.now();
      const arrived = (await next.within(Math.min(RECHECK_MS, untilHeartbeat)))?.value;
      if (arrived?.done === true) return;
      if (arrived === undefined || performance.now() - checkedAt >= RECHECK_MS) {
        checkedAt = performance.now();
        if (!(await reader.stillAllowed())) return;
      }
      if (arrived === undefined && performance.now() - quietSince < heartbeatMs) continue;
      quietSince = performance.now();
      if (arrived === undefined) {
        yield ":\n\n";
        continue;
      }
      next = new Arrival(events.next());
      yield "gap" in arrived.value ? GAP : textOf(reader.show(arrived.value));
    }
  } finally {
    // Not awaited: it settles when the stream's own signal ends the wait for the next event.
    events.return().catch(() => undefined);
  }
}

function textOf(event: PublishedEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${event.body}\n\n`;
}
