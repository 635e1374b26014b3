/** The sessions of the store, and who runs them, as one look shows it. */
import type { SessionList } from "../store/sessions/session-list.js";
import type { Holders } from "./holders.js";
import type { HolderRecord } from "./records.js";
import type { Taker } from "./shares.js";
import { type StoredNode, takesSessions } from "./stored-nodes.js";

/** See the head of this file. */
export interface Picture {
  /** Those that are being deleted, too. */
  readonly ids: readonly string[];
  readonly holders: ReadonlyMap<string, HolderRecord>;
  /** Sessions by node, of nodes that were not given up. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Looks. `nodes`: those that were not given up. Rejects with a store error. */
export async function takePicture(
  list: SessionList,
  holdersOf: Pick<Holders, "read">,
  nodes: ReadonlyMap<string, unknown>,
): Promise<Picture> {
  const { live, deleting } = await list.readableIds();
  const ids = [...live, ...deleting];
  const holders = await holdersOf.read(ids);
  const counts = new Map<string, number>();
  for (const id of ids) {
    const by = holders.get(id)?.node ?? "";
    if (nodes.has(by)) counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  return { ids, holders, counts };
}

/** The nodes that take sessions, by what they said last. `takes`: whether the node that asks does. */
export function takersOf(
  nodes: ReadonlyMap<string, StoredNode>,
  self: string,
  takes: boolean,
): readonly Taker[] {
  return [...nodes].flatMap(([id, node]) => {
    const does = id === self ? takes : takesSessions(node);
    return does ? [{ id, weight: node.facts.weight }] : [];
  });
}
