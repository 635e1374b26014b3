/** The sessions of the store, and who runs them, as one look shows it. */
import type { SessionList } from "../store/sessions/session-list.js";
import type { Holders } from "./holders.js";
import { type StoredNode, takesSessions } from "./stored-nodes.js";
import type { HolderRecord } from "./records.js";
import type { Taker } from "./shares.js";

/** See the head of this file. */
export interface Picture {
  /** Those that are being deleted, too. */
  readonly ids: readonly string[];
  readonly holders: ReadonlyMap<string, HolderRecord>;
  /** The nodes that take sessions. */
  readonly takers: readonly Taker[];
  /** Sessions by node, of nodes that were not given up. */
  readonly counts: ReadonlyMap<string, number>;
}

/** What a node knows when it looks. */
export interface Looking {
  readonly holders: Pick<Holders, "read">;
  /** The nodes, as they were seen last. */
  readonly nodes: ReadonlyMap<string, StoredNode>;
  /** The id of this node, and whether it takes sessions. */
  readonly self: string;
  readonly takes: boolean;
}

/** Looks. Rejects with a store error. */
export async function takePicture(list: SessionList, looking: Looking): Promise<Picture> {
  const { live, deleting } = await list.readableIds();
  const ids = [...live, ...deleting];
  const holders = await looking.holders.read(ids);
  const counts = new Map<string, number>();
  for (const id of ids) {
    const by = holders.get(id)?.node ?? "";
    if (looking.nodes.has(by)) counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  return { ids, holders, counts, takers: takersOf(looking) };
}

function takersOf({ nodes, self, takes }: Looking): readonly Taker[] {
  return [...nodes].flatMap(([id, node]) => {
    const does = id === self ? takes : takesSessions(node);
    return does ? [{ id, weight: node.facts.weight }] : [];
  });
}
