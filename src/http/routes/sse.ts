/** Server-sent events (HTML standard, section 9.2): the stream of `events()` as text. */
import type { PublishedEvent, StreamedEvent } from "../../api/event-stream.js";
import { settledWithin } from "../protocol/settled-within.js";

/** A comment this often keeps proxies from closing a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2_000;
/** How long a reader is believed to be the one who was let in. */
const CHECK_MS = 1_000;
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

/** The text of a stream, in pieces, with a heartbeat while there are no events. Ends with the events, and when the key is revoked. */
export async function* sseText(
  events: AsyncGenerator<StreamedEvent, void, undefined>,
  reader: StreamReader,
  heartbeatMs = HEARTBEAT_MS,
): AsyncGenerator<string, void, undefined> {
  yield `retry: ${RETRY_MS}\n\n`;
  let checkedAt = performance.now();
  try {
    let next = events.next();
    for (;;) {
      const result = await settledWithin(heartbeatMs, next);
      if (result?.done === true) return;
      if (performance.now() - checkedAt >= CHECK_MS) {
        if (!(await reader.stillAllowed())) return;
        checkedAt = performance.now();
      }
      if (result === undefined) {
        yield ":\n\n";
        continue;
      }
      next = events.next();
      yield "gap" in result.value ? GAP : textOf(reader.show(result.value));
    }
  } finally {
    // Not awaited: it settles when the stream's own signal ends the wait for the next event.
    events.return().catch(() => undefined);
  }
}

function textOf(event: PublishedEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${event.body}\n\n`;
}
