/**
 * What the store holds about its owner. The record `wa/owner` stays the same for an epoch: its stored text is the fence of every
 * write. The lease beside it is renewed, and ends by the store's own clock.
 */
import { ZpwootError } from "../errors.js";
import type { ProcessPlace } from "./process-place.js";

/** Who owns the sessions of a store. */
export interface OwnerRecord extends ProcessPlace {
  /** Counts up with every claim, and whenever a write was given up that may still arrive. */
  readonly epoch: number;
  readonly ownerId: string;
  /** When it became the owner, ISO 8601. */
  readonly since: string;
  /** It has left. */
  readonly released?: boolean;
}

/** Until when the owner is alive unless it says more, by the store's clock: ms since 1970. */
export interface LeaseRecord {
  readonly ownerId: string;
  readonly until: number;
}

/** The owner that stands for all nodes of a cluster: no process by itself. */
export const CLUSTER_OWNER = "cluster";

/** The ids of the nodes that a stored list names. */
export function nodeIdsIn(value: unknown): readonly string[] {
  return Object.keys((value as { readonly nodes?: object } | undefined)?.nodes ?? {});
}

/** The owner that the store names, whatever is stored there. */
export function asOwner(value: unknown): OwnerRecord | undefined {
  const owner = value as Partial<OwnerRecord> | undefined;
  return typeof owner?.epoch === "number" && typeof owner.ownerId === "string"
    ? (owner as OwnerRecord)
    : undefined;
}

/** When the lease of an owner ends; -Infinity without one. */
export function leaseEnd(value: unknown, owner: OwnerRecord): number {
  const lease = value as Partial<LeaseRecord> | undefined;
  return lease?.ownerId === owner.ownerId && typeof lease.until === "number" ? lease.until : -Infinity;
}

/** Says who owns the store, since when, and what to do. */
export function inUse(store: string, owner: OwnerRecord): ZpwootError {
  if (owner.ownerId === CLUSTER_OWNER)
    return new ZpwootError(
      "STORE_IN_USE",
      `The store ${store} is in use by a cluster of zpwoot nodes, since ${owner.since}. Join it by the option \`cluster\`, or stop all its ` +
        "nodes first",
      { permanent: true },
    );
  const who = `process ${owner.pid} on ${owner.host}, since ${owner.since}`;
  return new ZpwootError(
    "STORE_IN_USE",
    `The store ${store} is in use by another zpwoot: ${who}. Stop that one first, or wait for it to leave: ` +
      "`zpwoot serve --wait`, in code the option `ownership: { wait: true }`",
    { permanent: true },
  );
}

/** Says that another process has taken over. */
export function takenOver(store: string, owner: OwnerRecord | undefined): ZpwootError {
  const by = owner === undefined ? "" : ` by process ${owner.pid} on ${owner.host}, since ${owner.since}`;
  return new ZpwootError(
    "STORE_IN_USE",
    `The store ${store} was taken over${by}: this process did not reach it in time, and has closed its connections. ` +
      "A new manager can wait for it to leave",
  );
}

/** The error while nobody knows whether this process still owns the store. `heldUpMs`: how long it did nothing itself, if it was that. */
export function unconfirmed(store: string, heldUpMs: number): ZpwootError {
  const why =
    heldUpMs === 0
      ? `The store ${store} has not confirmed for too long that this process runs its sessions`
      : `This process did nothing for ${Math.round(heldUpMs / 1_000)} s, so that the store ${store} could not confirm in time that it runs its ` +
        "sessions: something kept its event loop busy, or the machine was too slow or stopped it";
  const what = "connections are closed until it does, since another process may begin now";
  return new ZpwootError("STORE_UNAVAILABLE", `${why}: ${what}`);
}
