/** How long devices were without a connection, by what was done to the cluster. */
import type { Entry } from "./history.js";

/** How long something took in a round, in milliseconds. */
export interface Absence {
  readonly round: string;
  /** From the end of a device's connection to its next login. */
  readonly away: number;
  /**
   * From what was done to the process that had it to that login; from the return of servers that were away for all, when it came after
   * that. What nothing was done to counts from its end.
   */
  readonly takeover: number;
  /** Whether another process has it now. */
  readonly moved: boolean;
  /** Whether something was done to the process that had it: otherwise it was shared out anew. */
  readonly struck: boolean;
}

const STRUCK: ReadonlySet<Entry["kind"]> = new Set(["killed", "frozen", "cut", "leaving"]);

/** All times that devices were without a connection, by the round in which the connection ended. */
export function absences(entries: readonly Entry[]): readonly Absence[] {
  const result: Absence[] = [];
  const ended = new Map<string, { readonly at: number; readonly process: string; readonly round: string }>();
  const open = new Map<string, Extract<Entry, { readonly kind: "login" }>>();
  const struck = new Map<string, number>();
  let returned = -Infinity;
  let round = "";
  for (const entry of entries) {
    const { kind, at } = entry;
    if (kind === "round") {
      round = entry.name;
      struck.clear();
    }
    if (kind === "returned") returned = at;
    if (STRUCK.has(kind) && "process" in entry) struck.set(entry.process, at);
    if (kind === "closed" && open.get(entry.session)?.connection === entry.connection) {
      open.delete(entry.session);
      ended.set(entry.session, { at, process: entry.process, round });
    }
    if (kind !== "login") continue;
    const { session, process } = entry;
    const replaced = open.get(session);
    const before = ended.get(session) ?? (replaced && { at, process: replaced.process, round });
    ended.delete(session);
    open.set(session, entry);
    if (before === undefined) continue;
    const since = Math.min(struck.get(before.process) ?? before.at, before.at);
    result.push({
      round: before.round,
      away: at - before.at,
      takeover: at - Math.max(since, returned),
      moved: before.process !== process,
      struck: struck.has(before.process),
    });
  }
  return result;
}
