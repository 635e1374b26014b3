/** Redis Cluster and Redis Sentinel as a bus: refused, in a sentence that says what to use. */
import { ZpwootError } from "../../errors.js";
import type { RedisMode } from "../../store/drivers/redis-modes.js";

const USE =
  'use a single Redis ("redis://…") or Postgres, or leave it out: the server of the store carries calls, too';

const WHY: Readonly<Record<RedisMode, string>> = {
  cluster: `is a Redis Cluster, which does not say whether a node listens; ${USE}`,
  sentinel: `is a Sentinel, which carries nothing; ${USE}`,
};

/** What a URL of the bus, or its server, is refused with. Its message names no URL. */
export function refusedBus(mode: RedisMode): ZpwootError {
  return invalidBus(WHY[mode]);
}

/** The same for any other reason: how the sentence goes on. */
export function invalidBus(why: string): ZpwootError {
  const sentence = `cluster.url ${why}: the server that carries calls and events between nodes`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
