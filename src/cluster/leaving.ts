/** A node that stops gives its sessions to the others, as long as there are some. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { waitFor } from "../async/deadline.js";
import { messageOf } from "../errors.js";
import type { ClusterLoop } from "./loop.js";
import type { ClusterNode } from "./node.js";
import type { Reconciler } from "./reconciler.js";

/** How long it may take. */
const LEAVE_MS = 20_000;
/** Between two tries of what could not be given. */
const AGAIN_MS = 200;

/** What leaves. */
export interface Leaving {
  readonly node: ClusterNode;
  readonly loop: ClusterLoop;
  readonly reconciler: Reconciler;
  readonly logger: Logger;
}

/** Gives all sessions away, one by one. Settles when none is left, nobody is there to take one, or after some seconds. Never rejects. */
export async function giveAllAway(leaving: Leaving): Promise<void> {
  const { node, loop, logger } = leaving;
  if (loop.seen.size < 2 || node.refusal !== undefined) return;
  const until = performance.now() + LEAVE_MS;
  const isOver = (): boolean => performance.now() >= until || node.refusal !== undefined;
  const result = await waitFor(giveAll(leaving, isOver), { timeoutMs: LEAVE_MS });
  const left = node.holders.size;
  if (left > 0)
    logger.warn(
      { sessions: left, inTime: result.by !== "timeout" },
      "Sessions could not be given to other nodes: they take them by themselves",
    );
}

async function giveAll({ node, loop, reconciler, logger }: Leaving, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      // That it takes none any more, for those who share them out.
      await node.renew();
      await loop.look();
      const before = node.holders.size;
      const left = await reconciler.giveAll(isOver);
      if (left === 0 || left === before) return;
    } catch (error) {
      logger.debug({ error: messageOf(error) }, "Sessions could not be given to other nodes; trying again");
    }
    await sleep(AGAIN_MS, undefined, { ref: false });
  }
}
