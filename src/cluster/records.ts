/** What the store holds of a cluster: its nodes, their leases, and who runs each session. */
import type { NodeMoves } from "../api/cluster.js";
import type { LeaseRecord, OwnerRecord } from "../ownership/owner-record.js";

/** What all nodes know of a node, from its joining on. */
export interface NodeFacts extends OwnerRecord {
  readonly name: string;
  readonly weight: number;
  /** The version of this package. */
  readonly version: string;
  /** How long it is taken for alive after its last sign of life, in milliseconds. */
  readonly leaseMs: number;
  /** Somebody asked it to give its sessions away. */
  readonly draining?: boolean;
}

/** `wa/nodes`. */
interface NodesRecord {
  readonly version: 1;
  readonly nodes: Readonly<Record<string, NodeFacts>>;
  /** The id of the node that joined last, which may have gone since. Not written by versions of before. */
  readonly lastJoined?: string;
}

/** `wa/node/<id>`: it is there as long as the node was not given up. */
export interface MemberRecord {
  readonly version: 1;
  readonly node: string;
  /** Counts up whenever a write was given up that may still arrive. */
  readonly epoch: number;
}

/** `wa/node-lease/<id>`. */
export interface NodeLease extends LeaseRecord, NodeMoves {
  readonly sessions: number;
  /** Whether it takes sessions: it has begun, and does not drain. */
  readonly takes: boolean;
  /** Counts up when it has given sessions away: a reason to look, for who got no hint. */
  readonly changes: number;
}

/** `wa/holder/of-<session>`. */
export interface HolderRecord {
  readonly version: 1;
  /** Null: nobody. A node that was given up is nobody, too. */
  readonly node: string | null;
  /** Counts up with every claim and every handover. */
  readonly epoch: number;
  readonly since: string;
}

/** The nodes that a stored list names, whatever is stored there. */
export function nodesIn(value: unknown): Readonly<Record<string, NodeFacts>> {
  return (value as Partial<NodesRecord> | undefined)?.nodes ?? {};
}

/** The id of the node that joined last, whatever is stored there. */
export function lastJoinedIn(value: unknown): string | undefined {
  const id = (value as Partial<NodesRecord> | undefined)?.lastJoined;
  return typeof id === "string" ? id : undefined;
}

/** The record that names these nodes in place of those that are stored. */
export function withNodes(value: unknown, nodes: NodesRecord["nodes"]): NodesRecord {
  const lastJoined = lastJoinedIn(value);
  return { version: 1, nodes, ...(lastJoined !== undefined && { lastJoined }) };
}

/** The member that is stored, whatever is stored there. */
export function asMember(value: unknown): MemberRecord | undefined {
  const member = value as Partial<MemberRecord> | undefined;
  return typeof member?.node === "string" && typeof member.epoch === "number"
    ? (member as MemberRecord)
    : undefined;
}

/** The lease that is stored, whatever is stored there. */
export function asLease(value: unknown): NodeLease | undefined {
  const lease = value as Partial<NodeLease> | undefined;
  return typeof lease?.ownerId === "string" && typeof lease.until === "number"
    ? (lease as NodeLease)
    : undefined;
}

/** The holder that is stored, whatever is stored there: a damaged record names nobody. */
export function asHolder(value: unknown): HolderRecord | undefined {
  const holder = value as Partial<HolderRecord> | undefined;
  const isNode = holder?.node === null || typeof holder?.node === "string";
  return isNode && typeof holder?.epoch === "number" ? (holder as HolderRecord) : undefined;
}
