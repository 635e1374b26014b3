/** Stores texts as they are. */
import { Encoded } from "./codec.js";
import type { RecordCodec } from "./record-codec.js";

/** The codec of a store without encryption at rest. */
export const plainCodec: RecordCodec = {
  seal: (_key, encoded) => encoded.text,
  open: (_key, stored) => new Encoded(stored),
};
