/**
 * A KeyvPostgres that a caller made and handed in. We read and write its table through a pool of our own, but the adapter
 * has already opened a connection in the pool of its module, to make the table. Nobody listens to that pool: a server that
 * restarts within its idle time (10 s) would end the process. So its errors are heard here.
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

/** What is used of the adapter. */
interface Adopted {
  on(event: "error", listener: (error: unknown) => void): unknown;
  query(sql: string): Promise<unknown>;
}

/** What is used of pg's pool. */
interface PoolClass {
  readonly prototype: { query: (this: PoolLike, ...args: unknown[]) => unknown };
}

interface PoolLike {
  on(event: "error", listener: (error: unknown) => void): unknown;
}

/** Pools that are listened to already: one serves all adapters of a URL. */
const heard = new WeakSet<PoolLike>();

/** Hears errors of the adapter and of the pool behind it, from now on. Never throws. */
export function adoptPostgres(adapter: object, onError: (error: unknown) => void): void {
  const adopted = adapter as Adopted;
  // Unheard, the failure to make the table at boot would be an unhandled rejection.
  adopted.on("error", onError);
  const Pool = poolClass();
  if (Pool === undefined) return;
  const marker = `SELECT 1 /* ${randomUUID()} */`;
  const stopLooking = onPoolOf(Pool, marker, (pool) => {
    if (heard.has(pool)) return;
    heard.add(pool);
    pool.on("error", onError);
  });
  adopted.query(marker).catch(onError).finally(stopLooking);
}

/** The pool is hidden in the adapter's module; it shows itself, as `this`, when the adapter sends our marked query. */
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
    // Only what is still ours to take back: another adoption may have begun since.
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
