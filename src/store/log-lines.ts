/** What a store says in the log when it is opened and closed. */

/** Of an adapter without conditions. */
export const CANNOT_FENCE =
  "This Keyv adapter has no conditional write, so the store can't refuse what a second process writes: let one process use it";

/** Of a close that could not wait any longer. */
export const LOST = "The store was closed before it had accepted every write; the others are lost";
/** Of a sentinel that does not say that everything is encrypted. */
export const READS_PLAIN =
  "The store was encrypted by an earlier version, which left some records in the clear: run `zpwoot reencrypt` once. Until then such records are believed";

/** Of a sentinel that could not be read. */
export const SENTINEL_REPAIRED = "The store's sentinel record was damaged and was written again";
