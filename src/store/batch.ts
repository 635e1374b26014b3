/** What is sent to the store at once. */
import type { Change } from "./drivers/driver.js";

/** Changes that become durable together. */
export interface Batch {
  readonly scope: string;
  /** By key; null deletes. */
  readonly changes: Map<string, string | null>;
  /** What must be stored when it is applied. A batch with conditions of its own shares its call with no other. */
  readonly conditions?: readonly Change[] | undefined;
  /** Whether it carries the conditions of the fence. */
  readonly fenced: boolean;
  /** Whether it is tried as long as any other while the store is full. */
  readonly patient: boolean;
  /** When the first change was asked for, by `performance.now`. */
  readonly askedAt: number;
  /** Characters of keys and texts. */
  size: number;
  /** Called once, with the failure if there was one. Must not throw. */
  readonly writers: ((failure?: Error) => void)[];
  /** No more changes join it. */
  readonly onTaken?: () => void;
  /** All writers were called. */
  readonly onDone?: () => void;
}

/** Conditions of one batch are not those of another. */
export function isShared({ conditions, fenced }: Batch): boolean {
  return conditions === undefined && fenced;
}

/** Sorted, because Postgres deadlocks when two batches lock the same rows in different orders. */
export function merged(batches: readonly Batch[]): readonly Change[] {
  const all = new Map(batches.flatMap(({ changes }) => [...changes]));
  return [...all].map(([key, text]) => ({ key, text })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Calls all writers. */
export function settle(batches: readonly Batch[], failure?: Error): void {
  for (const { writers } of batches) for (const writer of writers) writer(failure);
}
