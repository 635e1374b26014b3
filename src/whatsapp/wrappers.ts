/** Messages around a message. */

/** The fields that hold one: its content is in their `message`. */
export const WRAPPERS: readonly string[] = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "editedMessage",
];

/** How many messages may be around one. */
export const MAX_DEPTH = 6;
