/** A store that tells how long its operations take. */
import type { StoreOperation } from "../api/events.js";
import type { Store } from "./store.js";

/** The same store; `tell` is called after each operation, and must not throw. */
export function observedStore(store: Store, tell: (operation: StoreOperation) => void): Store {
  const timed = async <T>(operation: "read" | "write", keys: number, work: Promise<T>): Promise<T> => {
    const begun = performance.now();
    const done = (ok: boolean): void => tell({ operation, keys, ms: performance.now() - begun, ok });
    try {
      const result = await work;
      done(true);
      return result;
    } catch (error) {
      done(false);
      throw error;
    }
  };
  return {
    description: store.description,
    open: () => store.open(),
    read: (keys) => timed("read", keys.length, store.read(keys)),
    readEach: (keys) => timed("read", keys.length, store.readEach(keys)),
    write: (scope, entries) => timed("write", entries.size, store.write(scope, entries)),
    close: () => store.close(),
  };
}
