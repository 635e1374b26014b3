/** Downloads the media of messages, through the way out of the session that received them. */
import type { WAMessage } from "whaileys";
import type { MediaLimits } from "../egress/media-limits.js";
import type { SessionEgresses } from "../egress/proxy.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import { downloadMessageMedia, downloadMessageMediaTo } from "../whatsapp/media/download.js";

/** The largest file that WhatsApp stores, in bytes. */
const MAX_FILE_BYTES = 2 * 1024 * 1024 * 1024;

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

/** The downloads of one manager. */
export class MediaDownloads {
  readonly #options: MediaDownloadsOptions;

  constructor(options: MediaDownloadsOptions) {
    this.#options = options;
  }

  /** See `SessionManager.downloadMedia`. */
  read({ id, socket }: DownloadingSession, message: WAMessage): Promise<Buffer> {
    const { egresses, limits } = this.#options;
    return downloadMessageMedia(message, { agent: egresses.of(id).agent, socket, limits });
  }

  /** See `SessionManager.downloadMediaTo`. */
  write({ id, socket }: DownloadingSession, message: WAMessage, path: string): Promise<number> {
    const { egresses, limits } = this.#options;
    const { agent } = egresses.of(id);
    const onDisk = { ...limits, maxBytes: MAX_FILE_BYTES };
    return downloadMessageMediaTo(path, message, { agent, socket, limits: onDisk });
  }
}
