/** Makes the {@link Store} of a `store` option. Loads and connects nothing before `open()`. */
import { isAbsolute, relative, resolve } from "node:path";
import { isZpwootError, ZpwootError } from "../errors.js";
import { AtomicDriver } from "./drivers/atomic-driver.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import { KeyvDriver, type UserKeyvAdapter } from "./drivers/keyv-driver.js";
import { type KeyvPlace, ROOT_PLACE } from "./drivers/keyv-texts.js";
import { MemoryAdapter } from "./drivers/memory-adapter.js";
import { refusedScheme } from "./drivers/redis-modes.js";
import {
  type DriverReports,
  postgresDriver,
  postgresPlaceOf,
  postgresPlaceOfAdapter,
  redisDriver,
} from "./drivers/server-drivers.js";
import { createRecordCodec, type EncryptionKey } from "./encryption.js";
import { KeyvStore } from "./keyv-store.js";
import { DEFAULT_STORE_LIMITS, type StoreLimits } from "./limits.js";
import type { StoreLogger } from "./outage-log.js";
import type { Store } from "./store.js";

/**
 * Where everything is stored: a URL (`memory:`, `lmdb:<directory>`, `postgres://…`, `redis://…`), a Keyv, a Keyv storage adapter,
 * or a Map. The adapter and the namespace of a Keyv are used; its serialiser, compression and TTL are not.
 */
export type StoreOption = string | object;

/** Options of {@link openStore}. */
export interface OpenStoreOptions {
  /** Gets a line when the store opens, stops answering and answers again, and for errors of idle connections. Default: silent. */
  readonly logger?: StoreLogger;
  readonly limits?: Partial<StoreLimits>;
  /**
   * Encrypts all values (AES-256-GCM): the first key encrypts, any of them decrypts. To change the key, put the new one first
   * and keep the old ones until `reencrypt` has run.
   */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
  /** Whether a store that is not encrypted may be opened with keys, to encrypt it. Default false. */
  readonly acceptsPlain?: boolean;
}

const ACCEPTED =
  'a URL ("memory:", "lmdb:<directory>", "postgres://…", "redis://…"), a Keyv, a Keyv storage adapter, or a Map';

/**
 * The store of an option, not opened yet. Throws `INVALID_OPTION` for an option of another form.
 *
 * @example
 * const store = openStore("postgres://user:secret@db/app", { encryptionKeys: [key] });
 * await store.open();
 * await store.write("session-1", new Map([["wa/session-1/note", { text: "hello" }]]));
 * await store.close();
 */
export function openStore(option: StoreOption, options: OpenStoreOptions = {}): Store {
  const { logger } = options;
  const reports: ReportsOf = (description) => ({
    onError: (error) =>
      logger?.warn({ store: description, error: reasonOf(error) }, "The store reported an error"),
    logger,
  });
  return new KeyvStore({
    driver: typeof option === "string" ? driverOfUrl(option, reports) : driverOfObject(option, reports),
    codec: createRecordCodec(options.encryptionKeys),
    limits: { ...DEFAULT_STORE_LIMITS, ...options.limits },
    logger,
    acceptsPlain: options.acceptsPlain,
  });
}

/** Where the driver of that description reports. */
type ReportsOf = (description: string) => DriverReports;

function driverOfUrl(url: string, reports: ReportsOf): Driver {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const refused = refusedScheme(scheme);
  if (refused !== undefined) throw optionError(refused);
  switch (scheme) {
    case "memory":
      return memoryDriver(new Map(), ROOT_PLACE, reports);
    case "lmdb":
      return lmdbDriver(url.slice("lmdb:".length), reports);
    case "postgres":
    case "postgresql":
      return postgresDriver(
        parsed(() => postgresPlaceOf(url)),
        reports,
      );
    case "redis":
    case "rediss":
      return parsed(() => redisDriver(url, reports));
    default:
      throw invalid(scheme === undefined ? "not a URL" : `"${scheme}:" is not supported`);
  }
}

function lmdbDriver(path: string, reports: ReportsOf): Driver {
  if (path === "") throw invalid('"lmdb:" needs a directory, as in "lmdb:./.zpwoot"');
  const directory = resolve(path.replace(/^\/\/(?=\/)/, ""));
  const shown = relative(process.cwd(), directory);
  const description = `lmdb:${shown.startsWith("..") || isAbsolute(shown) ? directory : `./${shown}`}`;
  const { onError } = reports(description);
  return new AtomicDriver({
    description,
    // lmdb commits in one transaction all writes of a turn of the event loop, of all scopes.
    batching: { coalesce: false, inFlight: 1_000 },
    connect: async () => (await import("./drivers/lmdb-adapter.js")).openLmdbAdapter(directory, onError),
    onError,
  });
}

function memoryDriver(map: Map<string, unknown>, place: KeyvPlace, reports: ReportsOf): Driver {
  return new AtomicDriver({
    description: "memory:",
    batching: { coalesce: false, inFlight: 1_000 },
    connect: async () => new MemoryAdapter(map),
    place,
    onError: reports("memory:").onError,
  });
}

function driverOfObject(option: object, reports: ReportsOf): Driver {
  if (option instanceof Map) return memoryDriver(option as Map<string, unknown>, ROOT_PLACE, reports);
  if (isKeyv(option)) {
    const { namespace, useKeyPrefix } = option;
    const place = { namespace, prefix: useKeyPrefix && namespace !== undefined ? `${namespace}:` : "" };
    return option.store instanceof Map
      ? memoryDriver(option.store as Map<string, unknown>, place, reports)
      : adapterDriver(option.store, place, reports);
  }
  return adapterDriver(
    option,
    { namespace: (option as { namespace?: string }).namespace, prefix: "" },
    reports,
  );
}

function adapterDriver(adapter: unknown, place: KeyvPlace, reports: ReportsOf): Driver {
  if (!isAdapter(adapter)) throw invalid("the object has no get, set, delete and clear methods");
  const postgres = postgresPlaceOfAdapter(adapter);
  if (postgres !== undefined) return postgresDriver(postgres, reports, { ...place, namespace: undefined });
  const description = `keyv:${adapter.constructor.name}`;
  return new KeyvDriver({ description, adapter, place, onError: reports(description).onError });
}

/** Recognised by its shape: the user's Keyv may come from another copy of the package. */
interface KeyvLike {
  readonly store: unknown;
  readonly namespace?: string;
  readonly useKeyPrefix: boolean;
}

function isKeyv(option: object): option is KeyvLike {
  return "useKeyPrefix" in option && "store" in option && "getMany" in option;
}

function isAdapter(value: unknown): value is UserKeyvAdapter {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return ["get", "set", "delete", "clear"].every((method) => typeof candidate[method] === "function");
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isZpwootError(error)) throw error;
    throw invalid("not a URL");
  }
}

/** Never quotes the option: a URL may contain a password. */
function invalid(why: string): ZpwootError {
  return optionError(`${why}; use ${ACCEPTED}`);
}

function optionError(why: string): ZpwootError {
  const sentence = `store: ${why}`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
