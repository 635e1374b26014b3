/** From the `store` option to a {@link Store}. Nothing is loaded or connected before its `open()`. */
import { isAbsolute, relative, resolve } from "node:path";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { Store } from "./store.js";
import type { Logger } from "../api/logger.js";
import { AtomicDriver } from "./drivers/atomic-driver.js";
import { createRecordCodec, type EncryptionKey } from "./encryption.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import { type ForeignAdapter, KeyvDriver } from "./drivers/keyv-driver.js";
import { DEFAULT_STORE_LIMITS, KeyvStore, type StoreLimits } from "./keyv-store.js";
import { type KeyvPlace, ROOT_PLACE } from "./drivers/keyv-texts.js";
import { MemoryAdapter } from "./drivers/memory-adapter.js";
import {
  type DriverVoice,
  postgresDriver,
  postgresPlaceOf,
  postgresPlaceOfAdapter,
  redisDriver,
} from "./drivers/server-drivers.js";

/**
 * Where to keep everything: a URL (`memory:`, `lmdb:<directory>`, `postgres://…`, `redis://…`), a Keyv, a Keyv storage
 * adapter, or a Map. Of a Keyv its adapter and namespace are used; serialiser, compression and TTL are the engine's own.
 */
export type StoreOption = string | object;

/** How a store behaves. */
export interface OpenStoreOptions {
  /** Hears what the store meets on its own (a lost idle connection). Silent by default. */
  readonly logger?: Pick<Logger, "warn">;
  readonly limits?: Partial<StoreLimits>;
  /**
   * Encrypts all values (AES-256-GCM): the first key writes, all of them read. Give a new key first and keep the old ones
   * until `reencrypt` has run.
   */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
}

const ACCEPTED =
  'a URL ("memory:", "lmdb:<directory>", "postgres://…", "redis://…"), a Keyv, a Keyv storage adapter, or a Map';

/** Gives the store of an option. Throws `INVALID_OPTION` when it is none of the accepted forms. */
export function openStore(option: StoreOption, options: OpenStoreOptions = {}): Store {
  const context = new DriverContext(options.logger);
  const driver = typeof option === "string" ? driverOfUrl(option, context) : driverOfObject(option, context);
  return new KeyvStore(driver, createRecordCodec(options.encryptionKeys), {
    ...DEFAULT_STORE_LIMITS,
    ...options.limits,
  });
}

/** What every driver is made with. */
class DriverContext {
  readonly #logger: Pick<Logger, "warn"> | undefined;

  constructor(logger: Pick<Logger, "warn"> | undefined) {
    this.#logger = logger;
  }

  onError(description: string): (error: unknown) => void {
    return (error) =>
      this.#logger?.warn({ store: description, reason: reasonOf(error) }, "The store reported an error");
  }

  voice(description: string): DriverVoice {
    return { onError: this.onError(description), logger: this.#logger };
  }
}

function driverOfUrl(url: string, context: DriverContext): Driver {
  const scheme = /^([a-z]+):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case "memory":
      return memoryDriver(new Map(), ROOT_PLACE, context);
    case "lmdb":
      return lmdbDriver(url.slice("lmdb:".length), context);
    case "postgres":
    case "postgresql":
      return postgresDriver(
        parsed(() => postgresPlaceOf(url)),
        (description) => context.voice(description),
      );
    case "redis":
    case "rediss":
      return parsed(() => redisDriver(url, (description) => context.voice(description)));
    default:
      throw invalid(scheme === undefined ? "it is no URL" : `"${scheme}:" is not known`);
  }
}

function lmdbDriver(path: string, context: DriverContext): Driver {
  if (path === "") throw invalid('"lmdb:" needs a directory, as in "lmdb:./.zpwoot"');
  const directory = resolve(path.replace(/^\/\/(?=\/)/, ""));
  const shown = relative(process.cwd(), directory);
  const description = `lmdb:${shown.startsWith("..") || isAbsolute(shown) ? directory : `./${shown}`}`;
  return new AtomicDriver({
    description,
    // lmdb commits together what arrives in one turn of the event loop, whoever it comes from.
    batching: { coalesce: false, inFlight: 1_000 },
    connect: async () => (await import("./drivers/lmdb-adapter.js")).openLmdbAdapter(directory),
    onError: context.onError(description),
  });
}

function memoryDriver(map: Map<string, unknown>, place: KeyvPlace, context: DriverContext): Driver {
  return new AtomicDriver({
    description: "memory:",
    batching: { coalesce: false, inFlight: 1_000 },
    connect: async () => new MemoryAdapter(map),
    place,
    onError: context.onError("memory:"),
  });
}

function driverOfObject(option: object, context: DriverContext): Driver {
  if (option instanceof Map) return memoryDriver(option as Map<string, unknown>, ROOT_PLACE, context);
  if (isKeyv(option)) {
    const { namespace, useKeyPrefix } = option;
    const place = { namespace, prefix: useKeyPrefix && namespace !== undefined ? `${namespace}:` : "" };
    return option.store instanceof Map
      ? memoryDriver(option.store as Map<string, unknown>, place, context)
      : foreignDriver(option.store, place, context);
  }
  return foreignDriver(
    option,
    { namespace: (option as { namespace?: string }).namespace, prefix: "" },
    context,
  );
}

function foreignDriver(adapter: unknown, place: KeyvPlace, context: DriverContext): Driver {
  if (!isAdapter(adapter))
    throw invalid("the object given is neither (get, set, delete and clear are needed)");
  const postgres = postgresPlaceOfAdapter(adapter);
  if (postgres !== undefined)
    return postgresDriver(postgres, (at) => context.voice(at), { ...place, namespace: undefined });
  const description = `keyv:${adapter.constructor.name}`;
  return new KeyvDriver({ description, adapter, place, onError: context.onError(description) });
}

/** By its shape: the caller's Keyv may be another copy of the package. */
interface KeyvLike {
  readonly store: unknown;
  readonly namespace?: string;
  readonly useKeyPrefix: boolean;
}

function isKeyv(option: object): option is KeyvLike {
  return "useKeyPrefix" in option && "store" in option && "getMany" in option;
}

function isAdapter(value: unknown): value is ForeignAdapter {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return ["get", "set", "delete", "clear"].every((method) => typeof candidate[method] === "function");
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isZpwootError(error)) throw error;
    throw invalid("it is no URL");
  }
}

/** Never quotes the option: a URL may hold a password. */
function invalid(why: string): ZpwootError {
  const sentence = `store: ${why}. Give ${ACCEPTED}.`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
