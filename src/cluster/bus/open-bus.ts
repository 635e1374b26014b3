/** Makes the {@link Bus} of a URL. */
import type { Logger } from "../../api/logger.js";
import { ZpwootError } from "../../errors.js";
import { reasonOf } from "../../store/drivers/driver.js";
import type { Bus } from "./bus.js";
import { PostgresBus } from "./postgres-bus.js";
import { RedisBus } from "./redis-bus.js";

/** What a bus is made with. */
export interface OpenBusOptions {
  /** Names the cluster: nodes hear each other only under the same name. */
  readonly cluster: string;
  readonly logger: Logger;
}

/** The bus of `redis://…`, `rediss://…` or `postgres://…`, not opened yet. Throws `INVALID_OPTION`, without the URL. */
export function busOf(url: string, { cluster, logger }: OpenBusOptions): Bus {
  const scheme = /^([a-z]+):/i.exec(url)?.[1]?.toLowerCase();
  if (!URL.canParse(url)) throw invalid("is not a URL");
  let silent = false;
  const options = {
    url: scheme?.startsWith("redis") === true ? withoutParameters(url) : url,
    prefix: `zpwoot:${cluster}`,
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

function make(scheme: string | undefined, options: ConstructorParameters<typeof RedisBus>[0]): Bus {
  switch (scheme) {
    case "redis":
    case "rediss":
      return new RedisBus(options);
    case "postgres":
    case "postgresql":
      return new PostgresBus(options);
    default:
      throw invalid('must be "redis://…", "rediss://…" or "postgres://…"');
  }
}

function withoutParameters(url: string): string {
  const parsed = new URL(url);
  parsed.searchParams.delete("namespace");
  return parsed.href;
}

function invalid(why: string): ZpwootError {
  const sentence = `cluster.url ${why}: the server that carries calls and events between nodes`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
