/** What a store holds of its sessions, for commands that only read: they work beside the process that runs the sessions. */
import type { SessionRecord } from "../api/session-record.js";
import { presentOwner } from "../ownership/owner-store.js";
import { CLUSTER_OWNER, type OwnerRecord } from "../ownership/owner-record.js";
import { openStore } from "../store/open-store.js";
import { SessionRecords } from "../store/sessions/session-records.js";
import type { Store } from "../store/store.js";
import { hintFor } from "../api/check-options.js";
import { comparableName } from "../api/names.js";
import { ZpwootError } from "../errors.js";
import { processSources, readConfig, type EffectiveConfig } from "./read-config.js";

/** A store, read. */
export interface StoredSessions {
  readonly store: Store;
  /** Oldest first. */
  readonly records: readonly SessionRecord[];
  /** The process that runs them. */
  readonly owner: OwnerRecord | undefined;
}

/** Opens the store of the settings for the work, and closes it. Claims and changes nothing. */
export async function withStoredSessions<T>(
  { store: url, encryptionKeys = [] }: Pick<EffectiveConfig, "store" | "encryptionKeys">,
  work: (stored: StoredSessions) => Promise<T>,
): Promise<T> {
  const store = openStore(url, { encryptionKeys });
  try {
    const records = await new SessionRecords(store).load();
    records.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    return await work({ store, records, owner: await presentOwner(store) });
  } finally {
    await store.close();
  }
}

/** `zpwoot list`: prints a line for each session of the store, as it was stored last. */
export async function listCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { config } = await readConfig(args, processSources());
  await withStoredSessions(config, async ({ records, owner }) => {
    for (const { id, name, status, phoneNumber } of records)
      print(`${id}  ${status.padEnd(12)}  ${phoneNumber ?? "not linked"}  ${name}`);
    print(owner === undefined ? "no process runs these sessions now" : runBy(owner));
  });
}

function runBy({ ownerId, pid, host, since }: OwnerRecord): string {
  if (ownerId === CLUSTER_OWNER)
    return `run by the nodes of a cluster, since ${since}: zpwoot cluster status`;
  return `run by process ${pid} on ${host}, since ${since}`;
}

/** The session with an id or a name. Throws `SESSION_NOT_FOUND` with the names that there are. */
export function foundSession<T extends { readonly id: string; readonly name: string }>(
  sessions: readonly T[],
  idOrName: string,
): T {
  const session =
    sessions.find(({ id }) => id === idOrName) ??
    sessions.find(({ name }) => comparableName(name) === comparableName(idOrName));
  if (session !== undefined) return session;
  const hint = hintFor(
    idOrName,
    sessions.map(({ name }) => name),
  );
  throw new ZpwootError("SESSION_NOT_FOUND", `there is no session ${JSON.stringify(idOrName)}${hint}`);
}
