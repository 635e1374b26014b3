/** Downloads the media of messages, through the way out of the session that received them. */
import type { LibraryMessage } from "../api/library-types.js";
import type { MediaMessage, OpenedMedia, OpenMediaOptions } from "../api/media.js";
import { forwardAbort } from "../async/forward-abort.js";
import { MAX_STORED_BYTES, MEDIA_TOTAL_MS, type MediaLimits } from "../egress/media-limits.js";
import type { SessionEgresses } from "../egress/proxy.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import { ZpwootError } from "../errors.js";
import {
  downloadMessageMedia,
  downloadMessageMediaTo,
  openMessageMedia,
} from "../whatsapp/media/download.js";

/** What {@link MediaDownloads} are made with. */
export interface MediaDownloadsOptions {
  readonly egresses: SessionEgresses;
  readonly limits: MediaLimits;
}

/** A session, as far as downloads need it. */
interface DownloadingSession {
  readonly id: string;
  readonly socket: WhatsAppSocket | undefined;
}

/** What ends a download early: the manager, or the caller. Release it. */
function endOf(stop: AbortSignal | undefined, callers: AbortSignal | undefined) {
  const ending = new AbortController();
  const remove = forwardAbort(stop, ending);
  const abort = (): void => ending.abort(new ZpwootError("ABORTED", "The download was aborted"));
  let timer: NodeJS.Timeout | undefined;
  if (callers?.aborted === true) abort();
  callers?.addEventListener("abort", abort, { once: true });
  return {
    signal: ending.signal,
    after: (ms: number, work: () => void): void => void (timer = setTimeout(work, ms).unref()),
    release: (): void => {
      clearTimeout(timer);
      remove();
      callers?.removeEventListener("abort", abort);
    },
  };
}

async function* released(
  body: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    release();
  }
}

/** The downloads of one manager. */
export class MediaDownloads {
  readonly #options: MediaDownloadsOptions;

  constructor(options: MediaDownloadsOptions) {
    this.#options = options;
  }

  /** See `SessionManager.downloadMedia`. */
  read({ id, socket }: DownloadingSession, message: LibraryMessage): Promise<Buffer> {
    const { egresses, limits } = this.#options;
    return downloadMessageMedia(message, { agent: egresses.of(id).agent, socket, limits });
  }

  /** See `SessionManager.openMedia`. */
  async open(
    { id, socket }: DownloadingSession,
    message: MediaMessage,
    { signal }: OpenMediaOptions,
  ): Promise<OpenedMedia> {
    const { egresses, limits } = this.#options;
    const end = endOf(limits.signal, signal);
    const streamed = { ...limits, maxBytes: MAX_STORED_BYTES, signal: end.signal };
    try {
      const { agent } = egresses.of(id);
      const opened = await openMessageMedia(message as LibraryMessage, { agent, socket, limits: streamed });
      const discard = (): void => {
        end.release();
        opened.discard();
      };
      // Media that nobody reads has an end, too.
      end.after(limits.totalMs ?? MEDIA_TOTAL_MS, discard);
      return { ...opened, body: released(opened.body, discard), discard };
    } catch (error) {
      end.release();
      throw error;
    }
  }

  /** See `SessionManager.downloadMediaTo`. */
  write({ id, socket }: DownloadingSession, message: LibraryMessage, path: string): Promise<number> {
    const { egresses, limits } = this.#options;
    const { agent } = egresses.of(id);
    const onDisk = { ...limits, maxBytes: MAX_STORED_BYTES };
    return downloadMessageMediaTo(path, message, { agent, socket, limits: onDisk });
  }
}
