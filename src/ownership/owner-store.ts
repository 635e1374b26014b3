/** The records of the owner in the store: looks at them, and changes them as the owner. */
import type { Change } from "../store/drivers/driver.js";
import { nodeKey, nodeLeaseKey, NODES_KEY, OWNER_KEY, OWNER_LEASE_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";
import { asOwner, type LeaseRecord, nodeIdsIn, type OwnerRecord } from "./owner-record.js";
import { OwnerWatch, type Standing } from "./owner-watch.js";
import { thisPlace } from "./process-place.js";

/** Who stands in the way of a claim. */
export interface Obstacle {
  readonly owner: OwnerRecord;
  readonly standing: Exclude<Standing, "free">;
}

/** The record of an owner as it was written; its text is the condition of every write of this owner. */
export interface Written {
  readonly owner: OwnerRecord;
  readonly fence: readonly Change[];
}

/** The process that runs the sessions of a store now, as far as one look can tell. */
export async function presentOwner(store: Store): Promise<OwnerRecord | undefined> {
  const stored = await store.readEach([OWNER_KEY, OWNER_LEASE_KEY]);
  const owner = asOwner(stored.get(OWNER_KEY)?.value);
  const watch = new OwnerWatch(Infinity);
  const standing = watch.standing(owner, stored.get(OWNER_LEASE_KEY)?.value, await store.now());
  return standing === "free" ? undefined : owner;
}

/** The owner's records of one store, for one owner. */
export class OwnerStore {
  readonly #store: Store;
  readonly #ownerId: string;
  readonly #leaseMs: number;
  readonly #watch: OwnerWatch;

  constructor(store: Store, ownerId: string, leaseMs: number) {
    this.#store = store;
    this.#ownerId = ownerId;
    this.#leaseMs = leaseMs;
    this.#watch = new OwnerWatch(leaseMs);
  }

  /** Becomes the owner unless somebody stands in the way. */
  async take(): Promise<Written | Obstacle> {
    const now = await this.#store.now();
    let obstacle: Obstacle | undefined;
    let owner: OwnerRecord | undefined;
    const fence = await this.#store.changeEach(
      OWNER_KEY,
      [OWNER_KEY, OWNER_LEASE_KEY, NODES_KEY],
      (stored) => {
        // A damaged record names nobody.
        const before = asOwner(stored.get(OWNER_KEY)?.value);
        const standing = this.#watch.standing(before, stored.get(OWNER_LEASE_KEY)?.value, now);
        obstacle = standing === "free" || before === undefined ? undefined : { owner: before, standing };
        if (obstacle !== undefined) return undefined;
        const since = new Date().toISOString();
        owner = { ...thisPlace(), ownerId: this.#ownerId, epoch: (before?.epoch ?? 0) + 1, since };
        return new Map<string, unknown>([
          [OWNER_KEY, owner],
          [OWNER_LEASE_KEY, this.#lease(now)],
          ...withoutNodes(nodeIdsIn(stored.get(NODES_KEY)?.value)),
        ]);
      },
    );
    if (obstacle !== undefined) return obstacle;
    if (owner === undefined) throw new Error("the claim was neither made nor refused");
    return { owner, fence: ofOwner(fence) };
  }

  /** The owner that the store names now. */
  async look(): Promise<OwnerRecord | undefined> {
    return asOwner((await this.#store.readEach([OWNER_KEY])).get(OWNER_KEY)?.value);
  }

  /** Replaces the owner's record by what `next` makes of it; what that throws rejects. */
  async replace(next: (owner: OwnerRecord | undefined) => OwnerRecord): Promise<Written> {
    let owner: OwnerRecord | undefined;
    const fence = await this.#store.change(OWNER_KEY, [OWNER_KEY], (stored) => {
      owner = next(asOwner(stored.get(OWNER_KEY)));
      return new Map([[OWNER_KEY, owner]]);
    });
    if (owner === undefined) throw new Error("the owner's record was not written");
    return { owner, fence: ofOwner(fence) };
  }

  /** Says that the owner is alive. Refused by the fence when there is another one. */
  async renew(): Promise<void> {
    const now = await this.#store.now();
    const lease = new Map([[OWNER_LEASE_KEY, this.#lease(now)]]);
    await this.#store.write(OWNER_LEASE_KEY, lease, { patient: true });
  }

  /** Says that the owner has left. */
  async leave(owner: OwnerRecord): Promise<void> {
    const left: OwnerRecord = { ...owner, released: true };
    const entries = new Map<string, unknown>([
      [OWNER_KEY, left],
      [OWNER_LEASE_KEY, null],
    ]);
    await this.#store.write(OWNER_KEY, entries);
  }

  #lease(now: number): LeaseRecord {
    return { ownerId: this.#ownerId, until: now + this.#leaseMs };
  }
}

/** Gives up the nodes of a cluster that has ended: what one of them still writes is refused. */
function withoutNodes(ids: readonly string[]): readonly (readonly [string, null])[] {
  if (ids.length === 0) return [];
  return [NODES_KEY, ...ids.flatMap((id) => [nodeKey(id), nodeLeaseKey(id)])].map((key) => [key, null]);
}

function ofOwner(written: readonly Change[]): readonly Change[] {
  return written.filter(({ key }) => key === OWNER_KEY);
}
