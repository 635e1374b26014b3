/** How long devices were without a connection, by what was done to the cluster. */
import type { Entry } from "./history.js";

/** How long something took in a round, in milliseconds. */
export interface Absence {
  readonly round: string;
  /** From the end of a device's connection to its next login. */
  readonly away: number;
  /** From what was done to the process that had it to that login; what nothing was done to counts from its end. */
  readonly takeover: number;
  /** Whether another process has it now. */
  readonly moved: boolean;
}

/** All times that devices were without a connection, by the round in which the connection ended. */
export function absences(entries: readonly Entry[]): readonly Absence[] {
  const result: Absence[] = [];
  const ended = new Map<string, { readonly at: number; readonly process: string; readonly round: string }>();
  const open = new Map<string, Extract<Entry, { readonly kind: "login" }>>();
  const done = new Map<string, number>();
  let round = "";
  for (const entry of entries) {
    if (entry.kind === "round") {
      round = entry.name;
      done.clear();
    }
    if (entry.kind === "killed" || entry.kind === "frozen" || entry.kind === "cut")
      done.set(entry.process, entry.at);
    if (entry.kind === "closed" && open.get(entry.session)?.connection === entry.connection) {
      open.delete(entry.session);
      ended.set(entry.session, { at: entry.at, process: entry.process, round });
    }
    if (entry.kind !== "login") continue;
    const { session, at, process } = entry;
    const replaced = open.get(session);
    const before = ended.get(session) ?? (replaced && { at, process: replaced.process, round });
    ended.delete(session);
    open.set(session, entry);
    if (before === undefined) continue;
    const since = Math.min(done.get(before.process) ?? before.at, before.at);
    result.push({
      round: before.round,
      away: at - before.at,
      takeover: at - since,
      moved: before.process !== process,
    });
  }
  return result;
}
