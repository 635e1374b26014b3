/** The libraries inflate history without a bound: 1 MB of zeros, deflated, became 2.3 GB. */
import { promisify } from "node:util";
import { inflate } from "node:zlib";

/** What a part of the history may become, in bytes; most are some megabytes. */
export const MAX_HISTORY_BYTES = 128 * 1024 * 1024;
const MAX_DEFLATED_BYTES = 64 * 1024 * 1024;

interface Notification {
  readonly initialHistBootstrapInlinePayload?: Uint8Array | null;
}

/** The part of `whaileys/lib/Utils/history` that is patched. */
export interface HistoryModule {
  downloadAndProcessHistorySyncNotification: (message: Notification, options: unknown) => Promise<unknown>;
  readonly processHistoryMessage: (history: unknown) => unknown;
}

/** What the patched functions use of whaileys. */
export interface HistoryParts {
  readonly download: (
    message: Notification,
    type: "md-msg-hist",
    options: { readonly options: unknown },
  ) => Promise<AsyncIterable<Uint8Array>>;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const patched = Symbol.for("zpwoot.history-bounds");
const inflated = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflate);

/** Patches the loaded module: history beyond the bounds is an error, which ends the socket, and is not inflated. */
export function boundHistory(module: HistoryModule & { [patched]?: true }, parts: HistoryParts): void {
  if (module[patched] === true) return;
  module.downloadAndProcessHistorySyncNotification = async (message, options) => {
    const deflated = message.initialHistBootstrapInlinePayload ?? (await download(message, options, parts));
    const bytes = await inflated(deflated, { maxOutputLength: MAX_HISTORY_BYTES });
    return module.processHistoryMessage(parts.decode(bytes));
  };
  Object.defineProperty(module, patched, { value: true });
}

async function download(message: Notification, options: unknown, parts: HistoryParts): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await parts.download(message, "md-msg-hist", { options })) {
    length += chunk.length;
    if (length > MAX_DEFLATED_BYTES)
      throw new Error(`a part of the history exceeds ${MAX_DEFLATED_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
