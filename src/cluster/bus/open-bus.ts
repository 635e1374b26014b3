/** Makes the {@link Bus} of a URL. */
import type { Logger } from "../../api/logger.js";
import { reasonOf } from "../../store/drivers/driver.js";
import { modeOfScheme } from "../../store/drivers/redis-modes.js";
import type { Bus, BusOptions } from "./bus.js";
import { PostgresBus } from "./postgres-bus.js";
import { RedisBus } from "./redis-bus.js";
import { invalidBus, refusedBus } from "./refused-redis.js";

/** What a bus is made with. */
export interface OpenBusOptions {
  /** Names the cluster: nodes hear each other only under the same name. */
  readonly cluster: string;
  readonly isQuiet?: BusOptions["isQuiet"];
  readonly logger: Logger;
}

/** The bus of `redis://…`, `rediss://…` or `postgres://…`, not opened yet. Throws `INVALID_OPTION`, without the URL. */
export function busOf(url: string, { cluster, isQuiet, logger }: OpenBusOptions): Bus {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const mode = modeOfScheme(scheme);
  if (mode !== undefined) throw refusedBus(mode);
  if (!URL.canParse(url)) throw invalidBus("is not a URL");
  let silent = false;
  const options = {
    url: scheme?.startsWith("redis") === true ? withoutParameters(url) : url,
    prefix: `zpwoot:${cluster}`,
    isQuiet,
    onError: (error: unknown): void => {
      // Once an outage: the clients report every try.
      if (silent || bus.up) return;
      silent = true;
      logger.warn(
        { bus: bus.description, error: reasonOf(error) },
        "The bus of the cluster does not answer: sessions and webhooks go on, calls for sessions of other nodes wait",
      );
    },
  };
  const bus = make(scheme, options);
  bus.onChange((up) => {
    if (up && silent) logger.info({ bus: bus.description }, "The bus of the cluster answers again");
    if (up) silent = false;
  });
  return bus;
}

function make(scheme: string | undefined, options: BusOptions): Bus {
  switch (scheme) {
    case "redis":
    case "rediss":
      return new RedisBus(options);
    case "postgres":
    case "postgresql":
      return new PostgresBus(options);
    default:
      throw invalidBus('must be "redis://…", "rediss://…" or "postgres://…"');
  }
}

function withoutParameters(url: string): string {
  const parsed = new URL(url);
  parsed.searchParams.delete("namespace");
  return parsed.href;
}
