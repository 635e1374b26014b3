/** A store whose operations are timed. */
import type { StoreOperation } from "../api/events.js";
import type { Store } from "./store.js";

/** Wraps a store. `onOperation` is called after each read and write, and must not throw. */
export function observedStore(store: Store, onOperation: (operation: StoreOperation) => void): Store {
  const timed = async <T>(operation: "read" | "write", keys: number, work: Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const done = (ok: boolean): void =>
      onOperation({ operation, keys, ms: performance.now() - startedAt, ok });
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
    fences: store.fences,
    encrypts: store.encrypts,
    get begun() {
      return store.begun;
    },
    get refusal() {
      return store.refusal;
    },
    open: () => store.open(),
    read: (keys) => timed("read", keys.length, store.read(keys)),
    readEach: (keys) => timed("read", keys.length, store.readEach(keys)),
    write: (scope, entries, options) => timed("write", entries.size, store.write(scope, entries, options)),
    inTurn: (scope, work) => store.inTurn(scope, work),
    change: (scope, keys, decide, options) =>
      timed("write", keys.length, store.change(scope, keys, decide, options)),
    changeEach: (scope, keys, decide, options) =>
      timed("write", keys.length, store.changeEach(scope, keys, decide, options)),
    setFence: (fence) => store.setFence(fence),
    noneLate: () => store.noneLate(),
    keys: () => store.keys(),
    now: () => store.now(),
    close: (timeoutMs) => store.close(timeoutMs),
  };
}
