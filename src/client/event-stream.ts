/** Server-sent events as an async iterator that reconnects. */
import type { SessionEventName } from "../api/events.js";
import { isZpwootClientError } from "./error.js";
import { pause } from "./pause.js";
import type { Wire } from "./wire.js";

/** Which events to stream, and from which one on. */
export interface EventStreamOptions {
  /** Names of events. Default: all. */
  readonly events?: readonly SessionEventName[];
  /** The `id` of the last event received: the stream starts after it. */
  readonly after?: string;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
  /** The pause before a reconnect, in milliseconds. Default 2,000. */
  readonly retryMs?: number;
}

/** An event, with the body of a webhook; `data` is whaileys' payload made safe for JSON. */
export interface ServerEvent {
  /** Empty for a `gap`: events may be missing here. */
  readonly id: string;
  readonly event: SessionEventName | "gap";
  readonly sessionId?: string;
  readonly sessionName?: string | null;
  /** ISO 8601 UTC. */
  readonly timestamp?: string;
  readonly data?: unknown;
}

const RETRY_MS = 2_000;

/** Implements `ZpwootClient.streamEvents` and `streamSessionEvents`. */
export async function* followEvents(
  wire: Wire,
  path: string,
  { events, after, signal, retryMs = RETRY_MS }: EventStreamOptions,
): AsyncGenerator<ServerEvent, void, undefined> {
  const query = events === undefined ? "" : `?events=${encodeURIComponent(events.join(","))}`;
  const ending = new AbortController();
  const stop = (): void => ending.abort();
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  let last = after;
  try {
    while (!ending.signal.aborted) {
      try {
        for await (const event of eventsIn(await wire.open(path + query, last, ending.signal))) {
          if (event.id !== "") last = event.id;
          yield event;
          if (event.event === "session.deleted" && path !== "/sessions/events") return;
        }
      } catch (error) {
        if (isZpwootClientError(error, "refused", "not-zpwoot")) throw error;
      }
      if (!ending.signal.aborted) await pause(retryMs, ending.signal).catch(() => undefined);
    }
  } finally {
    stop();
    signal?.removeEventListener("abort", stop);
  }
}

async function* eventsIn(text: ReadableStream<string>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = text.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parse(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Parses the lines between two empty ones; undefined for a heartbeat or a setting. */
function parse(block: string): ServerEvent | undefined {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
    }),
  );
  const data = fields.get("data");
  if (data === undefined) return undefined;
  if (fields.get("event") === "gap") return { id: "", event: "gap" };
  return JSON.parse(data) as ServerEvent;
}
