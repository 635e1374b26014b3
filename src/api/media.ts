/** Media of messages, opened for reading: what `manager.openMedia` takes and gives. */

/** A message with media: as an event has it, or as JSON that was made of one, with bytes as base64. */
export interface MediaMessage {
  /** Needed to ask the sender's phone for media that WhatsApp has deleted. */
  readonly key?: object | null | undefined;
  readonly message?: object | null | undefined;
}

/** Options of `openMedia`. */
export interface OpenMediaOptions {
  /** Ends the download with `ABORTED`, also while its body is read. */
  readonly signal?: AbortSignal | undefined;
}

/** Media that is being downloaded. Read the body, or discard it. */
export interface OpenedMedia {
  /** What the sender says that it is; null when the message does not say, or says what is no media type. */
  readonly mimetype: string | null;
  /** What the sender calls a document; null for other media. */
  readonly fileName: string | null;
  /** The size; null when it is not known before the end. The body has exactly so many bytes, or throws. */
  readonly bytes: number | null;
  /**
   * The decrypted bytes, in pieces as they are read. Up to a mebibyte they were checked as a whole before; of more, the last piece comes when
   * all of it was checked, and the body throws `CONNECTION_FAILED` in its place when it is not what the sender sent. Read it once.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the rest, and the connection with it. Idempotent. */
  discard(): void;
}
