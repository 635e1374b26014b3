/**
 * A KeyvPostgres that the user made. Its table is read and written through a pool of this package, but the adapter has already
 * opened a connection in the pool of its module, to create the table. That pool has no error listener: a server that restarts
 * within the pool's idle time (10 s) would end the process. Listeners are added here.
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

/** The part of the adapter that is used. */
interface Adopted {
  on(event: "error", listener: (error: unknown) => void): unknown;
  query(sql: string): Promise<unknown>;
}

/** The part of pg's pool that is used. */
interface PoolClass {
  readonly prototype: { query: (this: PoolLike, ...args: unknown[]) => unknown };
}

interface PoolLike {
  on(event: "error", listener: (error: unknown) => void): unknown;
}

/** Pools that have a listener: one pool serves all adapters of a URL. */
const watched = new WeakSet<PoolLike>();

/** Reports errors of the adapter and of the pool behind it from now on. Never throws. */
export function adoptPostgres(adapter: object, onError: (error: unknown) => void): void {
  const adopted = adapter as Adopted;
  // Without a listener, a failure to create the table at boot would be an unhandled rejection.
  adopted.on("error", onError);
  const Pool = poolClass();
  if (Pool === undefined) return;
  const marker = `SELECT 1 /* ${randomUUID()} */`;
  const stopLooking = onPoolOf(Pool, marker, (pool) => {
    if (watched.has(pool)) return;
    watched.add(pool);
    pool.on("error", onError);
  });
  adopted.query(marker).catch(onError).finally(stopLooking);
}

/** The pool is hidden in the adapter's module; it is `this` of the call when the adapter sends the marked query. */
function onPoolOf(Pool: PoolClass, marker: string, found: (pool: PoolLike) => void): () => void {
  const { prototype } = Pool;
  const { query } = prototype;
  const watching = function (this: PoolLike, ...args: unknown[]): unknown {
    if (args[0] === marker) {
      found(this);
      stop();
    }
    return query.apply(this, args);
  };
  const stop = (): void => {
    // Restored only if no other adoption has started since.
    if (prototype.query === watching) prototype.query = query;
  };
  prototype.query = watching;
  return stop;
}

/** The pg of the installed @keyv/postgres; undefined when the adapter came from elsewhere. */
function poolClass(): PoolClass | undefined {
  try {
    const adapter = createRequire(import.meta.url).resolve("@keyv/postgres");
    return (createRequire(adapter)("pg") as { readonly Pool: PoolClass }).Pool;
  } catch {
    return undefined;
  }
}
