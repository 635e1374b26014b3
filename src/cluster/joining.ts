/** Waits to join, while a process runs all sessions alone. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { isZpwootError, messageOf } from "../errors.js";
import { inUse } from "../ownership/owner-record.js";
import type { ClaimOptions, Ownership } from "../ownership/ownership.js";
import type { LoneOwner } from "./membership.js";
import { stopped } from "./refusals.js";

/** Between two looks at who stands in the way. */
const LOOK_MS = 200;

/** What {@link untilJoined} needs of a node. */
export interface Joining {
  /** Names the store. */
  readonly store: string;
  readonly logger: Logger;
  readonly hasJoined: () => boolean;
  /** Whether it is to end. */
  readonly isOver: () => boolean;
  /** Tries once; returns who stands in the way. Rejects with a store error. */
  readonly join: () => Promise<LoneOwner | undefined>;
}

/** Settles when the node has joined. Rejects as `Ownership.claim` does. */
export async function untilJoined(node: Joining, { wait, signal }: ClaimOptions): Promise<void> {
  for (let looks = 0; !node.hasJoined(); looks += 1) {
    if (signal.aborted || node.isOver()) throw stopped();
    const obstacle = await node.join();
    if (obstacle === undefined) continue;
    if (!wait && obstacle.standing === "alive") throw inUse(node.store, obstacle.owner);
    const { pid, host, since } = obstacle.owner;
    const text = "Waiting for the process that runs all sessions of the store alone to leave";
    if (looks === 0) node.logger.info({ store: node.store, pid, host, since }, text);
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Joins again after the others have given the node up, for as long as that takes. Never rejects. */
export async function rejoin(
  node: Pick<Ownership, "claim">,
  {
    logger,
    signal,
    onRejoined,
  }: { readonly logger: Logger; readonly signal: AbortSignal; readonly onRejoined: () => void },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await node.claim({ wait: true, signal });
      return onRejoined();
    } catch (error) {
      if (signal.aborted || isZpwootError(error, "STOPPED")) return;
      logger.warn({ error: messageOf(error) }, "This node can't join the cluster again; trying again");
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
