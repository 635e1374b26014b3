/**
 * Bounds history for a library whose functions can't be replaced: Baileys 7 inflates what its phone sends, whatever it becomes. A part inside
 * the notification is measured when the library asks whether to take it; one that is stored, when the library has downloaded it through us.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflate, inflateSync } from "node:zlib";
import type { UserFacingSocketConfig } from "whaileys";
import type { LibraryHttp } from "../../egress/library-http.js";
import { decrypted, WrongMediaError } from "../media/decrypt.js";
import { MAX_HISTORY_BYTES } from "./history-bounds.js";

type Wanted = NonNullable<UserFacingSocketConfig["shouldSyncHistoryMessage"]>;
type Notification = Parameters<Wanted>[0];
type Dispatcher = LibraryHttp["dispatcher"];
type Handler = Parameters<Dispatcher["dispatch"]>[1];

/** The part of a socket's options that is changed. */
interface HistoryConfig {
  readonly shouldSyncHistoryMessage?: Wanted;
  readonly options?: unknown;
}

/** How much larger deflate can make things smaller, at most. */
const MAX_RATIO = 1032;
const OK = 200;
/** So many downloads can be expected at once. */
const MAX_EXPECTED = 100;
const STORED_AT = "https://mmg.whatsapp.net";
const REFUSED = "a part of the history was refused";
const WRONG = "it is not what the phone announced";
const TOO_LARGE = `it has more than ${MAX_HISTORY_BYTES} bytes`;

/** Returns the options with what keeps history within its bounds. `onRefused` is called with a sentence for each part that is not taken. */
export function withHistoryGate(
  { shouldSyncHistoryMessage, options }: HistoryConfig,
  onRefused: (text: string) => void,
): HistoryConfig {
  /** The notifications of parts that are stored, by the path where. */
  const expected = new Map<string, Notification>();
  const wanted: Wanted = (notification) => {
    if (shouldSyncHistoryMessage?.(notification) === false) return false;
    const payload = notification.initialHistBootstrapInlinePayload;
    if (payload?.length) {
      if (isWithinBounds(payload)) return true;
      onRefused(`${REFUSED}: ${TOO_LARGE}`);
      return false;
    }
    if (notification.directPath) {
      if (expected.size >= MAX_EXPECTED) expected.clear();
      expected.set(pathOf(notification.directPath), notification);
    }
    return true;
  };
  const { dispatcher } = (options ?? {}) as Partial<LibraryHttp>;
  if (dispatcher === undefined) return { shouldSyncHistoryMessage: wanted };
  const dispatch: Dispatcher["dispatch"] = (request, handler) => {
    const notification = expected.get(request.path);
    if (notification === undefined) return dispatcher.dispatch(request, handler);
    expected.delete(request.path);
    const onMoved = (path: string): void => void expected.set(path, notification);
    return dispatcher.dispatch(request, measured(handler, notification, { onRefused, onMoved }));
  };
  return { shouldSyncHistoryMessage: wanted, options: { ...(options as object), dispatcher: { dispatch } } };
}

function pathOf(directPath: string): string {
  const { pathname, search } = new URL(directPath, STORED_AT);
  return `${pathname}${search}`;
}

function isWithinBounds(deflated: Uint8Array): boolean {
  if (deflated.length * MAX_RATIO <= MAX_HISTORY_BYTES) return true;
  try {
    inflateSync(deflated, { maxOutputLength: MAX_HISTORY_BYTES });
    return true;
  } catch {
    return false;
  }
}

/**
 * Passes a response on when it is complete, decrypts and inflates within bounds; its status too, because a body that breaks off after it would
 * end the process. `onMoved` is called with the path of a redirect.
 */
function measured(
  handler: Handler,
  notification: Notification,
  { onRefused, onMoved }: { onRefused: (text: string) => void; onMoved: (path: string) => void },
): Handler {
  let head: Parameters<Handler["onHeaders"]> | undefined;
  const chunks: Buffer[] = [];
  const pass = (body: Buffer, trailers: Buffer[]): void => {
    if (head !== undefined) handler.onHeaders(...head);
    if (body.length > 0) handler.onData(body);
    handler.onComplete(trailers);
  };
  return {
    onConnect: (abort) => handler.onConnect(abort),
    onError: (error) => handler.onError(error),
    onHeaders: (...args) => {
      head = args;
      const location = args[1].findIndex((name) => name.toString("latin1").toLowerCase() === "location");
      if (location >= 0) onMoved(pathOf(String(args[1][location + 1])));
      return true;
    },
    onData: (chunk) => chunks.push(chunk) > 0,
    onComplete: (trailers) => {
      const body = Buffer.concat(chunks);
      if (head?.[0] !== OK) return pass(body, trailers);
      measure(body, notification).then(
        () => pass(body, trailers),
        (error: unknown) => {
          const reason = error instanceof WrongMediaError ? WRONG : TOO_LARGE;
          onRefused(`${REFUSED}: ${reason}`);
          handler.onError(new Error(`${REFUSED}: ${reason}`));
        },
      );
    },
  };
}

/** Rejects if what is stored is not what the notification announces, or becomes too large. */
async function measure(stored: Buffer, { mediaKey, fileEncSha256, fileSha256 }: Notification): Promise<void> {
  const hash = (bytes: Uint8Array | null | undefined): Buffer | undefined =>
    bytes?.length ? Buffer.from(bytes) : undefined;
  const deflated: Buffer[] = [];
  const parts = decrypted(Readable.from([stored]), {
    ...{ url: STORED_AT, key: Buffer.from(mediaKey ?? []), kind: "History" },
    ...{ encryptedHash: hash(fileEncSha256), hash: hash(fileSha256) },
  });
  // It is the phone's only when all of it is there.
  for await (const part of parts) deflated.push(part);
  let length = 0;
  await pipeline(deflated, createInflate(), async (inflated: AsyncIterable<Buffer>) => {
    for await (const chunk of inflated) {
      length += chunk.length;
      if (length > MAX_HISTORY_BYTES) throw new Error(TOO_LARGE);
    }
  });
}
