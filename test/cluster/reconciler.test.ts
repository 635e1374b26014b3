/** What a node does with what it sees of the others. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { Holders } from "../../src/cluster/holders.js";
import type { ClusterNode } from "../../src/cluster/node.js";
import type { LocalSessions } from "../../src/cluster/ports.js";
import type { NodeLease } from "../../src/cluster/records.js";
import { Reconciler } from "../../src/cluster/reconciler.js";
import { type StoredNode, UNMOVED } from "../../src/cluster/stored-nodes.js";
import { holderKey, nodeKey } from "../../src/store/keys.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionList } from "../../src/store/sessions/session-list.js";

const SELF = randomUUID();
const OTHER = randomUUID();

/** A node that said a moment ago whether it takes sessions. */
function said(takes: boolean): StoredNode {
  const since = new Date().toISOString();
  const owner = { ownerId: OTHER, epoch: 1, since, host: "h", pid: 1, machine: "", began: "" };
  const facts = { ...owner, leaseMs: 10_000, name: "n", weight: 1, version: "0" };
  const lease: NodeLease = { ownerId: OTHER, until: 0, sessions: 0, takes, changes: 0, ...UNMOVED };
  return { facts, lease, silentMs: 0 };
}

/** This node has three sessions and the other one has one, which says `later` when it is asked again. */
async function rebalanced(later: StoredNode): Promise<readonly string[]> {
  const store = openStore("memory:");
  const ids = Array.from({ length: 4 }, () => randomUUID());
  for (const id of ids) await new SessionList(store).add(id);
  const holderOf = (index: number): object => {
    const since = new Date().toISOString();
    return { version: 1, node: index === 0 ? OTHER : SELF, epoch: 1, since };
  };
  await store.write(
    "test",
    new Map<string, unknown>([
      [nodeKey(OTHER), { version: 1, node: OTHER, epoch: 1 }],
      ...ids.map((id, index) => [holderKey(id), holderOf(index)] as const),
    ]),
  );
  const holders = new Holders(store, () => SELF);
  await holders.claim(ids.slice(1), await holders.read(ids));
  let seen = new Map([
    [SELF, said(true)],
    [OTHER, said(true)],
  ]);
  const released: string[] = [];
  const sessions: Partial<LocalSessions> = {
    activity: () => ({ busy: false, online: true, lastActiveAt: 0 }),
    release: async (id) => void released.push(id),
  };
  await new Reconciler({
    node: { nodeId: SELF, holders } as unknown as ClusterNode,
    store,
    sessions: sessions as LocalSessions,
    hints: { up: true, tell: () => {}, onHint: () => {} },
    logger: SILENT,
    movesPerSecond: 1_000,
    nodes: () => seen,
    lookAtNodes: async () => (seen = new Map(seen).set(OTHER, later)),
    takes: () => true,
    onGiven: () => {},
    signal: new AbortController().signal,
  }).balance();
  await store.close();
  return released;
}

describe("a node with more than its share", () => {
  it("gives a session to the node that has less", async () => {
    expect(await rebalanced(said(true))).toHaveLength(1);
  });

  it("gives none back to a node that is leaving, by whose sessions it has too many", async () => {
    expect(await rebalanced(said(false))).toEqual([]);
  });
});
