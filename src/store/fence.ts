/** What every write of an owner carries, so that the store itself refuses it once another one owns. */
import type { Change } from "./drivers/driver.js";

/** Ownership of what is written, as the write path needs it. Set with `Store.setFence`. */
export interface Fence {
  /**
   * What the store must hold when a write of the scope is applied: keys with their raw texts, as {@link Store.change} returned
   * them. Asked in the moment of each call. What it throws rejects the write, without a call to the store.
   */
  conditionsOf(scope: string): readonly Change[];
  /**
   * A write of the scope was refused, because a condition did not hold. Settles with "retry" when the conditions have changed in
   * the meantime and this owner still owns: the write is sent again with the new ones. Otherwise with the error that the write rejects
   * with.
   */
  refused(scope: string): Promise<"retry" | Error>;
  /**
   * A call was given up and may still arrive at the store. Settles when it can't be applied any more: with an epoch that was raised.
   * No fenced write is sent until then. Rejects when the epoch could not be raised: with `STORE_UNAVAILABLE`, it is asked again; with
   * another code, the writes reject with it.
   */
  givenUp(): Promise<void>;
}

/** The conditions of scopes, and those that a batch has of its own: each once. */
export function conditionsOf(
  fence: Fence,
  scopes: readonly string[],
  own: readonly Change[] = [],
): readonly Change[] {
  const [first, ...others] = scopes;
  if (first !== undefined && others.length === 0 && own.length === 0) return fence.conditionsOf(first);
  const all = new Map<string, Change>();
  for (const condition of [...own, ...[...new Set(scopes)].flatMap((scope) => fence.conditionsOf(scope))])
    all.set(`${condition.key}\n${condition.text ?? ""}`, condition);
  return [...all.values()];
}
