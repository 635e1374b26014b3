/** What the killed writer and its examiner agree on. */
import type { SignalDataSet } from "whaileys";

/** How many pre-keys are there at any time. */
export const KEPT_PRE_KEYS = 10;

/** Ids of the keys that every step writes, over several families. */
export const STEP_IDS = Array.from({ length: 15 }, (_, id) => String(id));

/** All keys of one step, but the pre-keys. */
export function stepKeys(n: number): SignalDataSet {
  return {
    session: Object.fromEntries(STEP_IDS.map((id) => [id, Buffer.from(`${n}`)])),
    "sender-key": Object.fromEntries(STEP_IDS.map((id) => [id, Buffer.from(`${n}`)])),
  };
}
