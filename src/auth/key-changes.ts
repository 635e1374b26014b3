/** Changes of Signal keys, as they are stored. */
import type { SignalDataSet } from "whaileys";
import { type Encoded, encode } from "../store/codec.js";
import type { SpaceEntry } from "../store/space/session-space.js";
import { prunedSession } from "./session-pruning.js";

/** A change of one key. */
export interface KeyChange {
  readonly key: string;
  readonly entry: SpaceEntry;
  /** The new value, or null for a deletion. */
  readonly encoded: Encoded | null;
}

/** A snapshot of all values, as they are now. */
export function keyChanges(data: SignalDataSet): readonly KeyChange[] {
  return Object.entries(data).flatMap(([family, values]) =>
    Object.entries(values as Record<string, unknown>).map(([id, value]) => {
      const stored = family === "session" ? prunedSession(value) : value;
      const encoded = stored ? encode(stored) : null;
      return { key: cacheKey(family, id), entry: { family, id, value: encoded }, encoded };
    }),
  );
}

/** Names a key in memory. */
export function cacheKey(family: string, id: string): string {
  return `${family}/${id}`;
}
