/** Sessions of all nodes of a cluster: what is stored, and of each what the node says that runs it. Without one, those in memory are all. */
import type { FoundOrCreatedSession, SessionInfo, SessionSummary } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import type { NewSession } from "../api/validation.js";
import { steadyNow } from "../async/timer.js";
import type { Cluster } from "../cluster/ports.js";
import { isZpwootError, messageOf } from "../errors.js";
import { statusOf } from "../session/state.js";
import { stateOf } from "../session/verdict.js";
import type { ManagerParts } from "./compose.js";
import { nameTaken } from "../store/sessions/session-names.js";
import { present } from "./session-views.js";

/** How long another node may take to say what its sessions do; after it, what is stored is shown. */
const ASK_MS = 2_000;

/** What nodes ask each other. */
export const SUMMARIES = "node.summaries";

type ListParts = Pick<ManagerParts, "registry" | "cluster" | "records" | "logger">;

/** The sessions of this node. */
export function ownSummaries({ registry }: Pick<ListParts, "registry">): SessionSummary[] {
  return registry.all().map((session) => present.summary(session));
}

/** All sessions, the oldest first. Rejects with `STORE_UNAVAILABLE`, `STOPPED`. */
export async function listAll(parts: ListParts): Promise<SessionSummary[]> {
  await parts.registry.load();
  const listed = parts.cluster === undefined ? ownSummaries(parts) : await listCluster(parts, parts.cluster);
  return listed.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

async function listCluster(parts: ListParts, cluster: Cluster): Promise<SessionSummary[]> {
  const [stored, elsewhere] = await Promise.all([parts.records.look(), othersSummaries(parts, cluster)]);
  const found = new Set(stored.map(({ id }) => id));
  const own = new Map(ownSummaries(parts).map((summary) => [summary.id, summary] as const));
  const listed = stored.map(
    (record) => own.get(record.id) ?? elsewhere.get(record.id) ?? storedSummary(record),
  );
  // Made since the store was read.
  return [...listed, ...[...own.values()].filter(({ id }) => !found.has(id))];
}

async function othersSummaries(
  { logger }: ListParts,
  { owners, router }: Cluster,
): Promise<ReadonlyMap<string, SessionSummary>> {
  const others = owners.nodes().filter(({ self, state }) => !self && state !== "silent");
  const answers = others.map(async ({ id, name }) => {
    try {
      return (await router.ask(id, SUMMARIES, [], { timeoutMs: ASK_MS })) as readonly SessionSummary[];
    } catch (error) {
      logger.debug({ node: name, error: messageOf(error) }, "A node did not say what its sessions do");
      return [];
    }
  });
  return new Map((await Promise.all(answers)).flat().map((summary) => [summary.id, summary]));
}

/** What a start would show of it. */
function storedSummary(record: SessionRecord): SessionSummary {
  const reason = record.desired === "online" ? "restored" : "disconnected";
  const state = stateOf(record.verdict, steadyNow()) ?? { name: "idle", reason };
  return present.summary({ record, state, status: statusOf(state), activity: {} });
}

/** See `SessionManager.getOrCreate`. The fields were checked; `get` finds a session of another node. */
export async function getOrCreate(
  parts: ListParts,
  fields: NewSession,
  get: (id: string) => Promise<SessionInfo>,
): Promise<FoundOrCreatedSession> {
  const { registry, cluster } = parts;
  await registry.load();
  const elsewhere = (): Promise<SessionInfo | undefined> => namedElsewhere(parts, fields.name, get);
  const found = cluster === undefined ? undefined : await elsewhere();
  if (found !== undefined) return { ...found, created: false };
  try {
    const { session, webhookSecret, created } = await registry.getOrCreate(fields);
    return { ...present.info(session), ...(webhookSecret === undefined ? {} : { webhookSecret }), created };
  } catch (error) {
    if (cluster === undefined || !isZpwootError(error, "SESSION_NAME_TAKEN")) throw error;
    // Another node was faster.
    const made = await elsewhere();
    if (made === undefined) throw error;
    return { ...made, created: false };
  }
}

/** The session with this name, if another node runs it. Rejects like `get`, and with `SESSION_NAME_TAKEN` when its record can't be read. */
async function namedElsewhere(
  { registry, records }: ListParts,
  name: string,
  get: (id: string) => Promise<SessionInfo>,
): Promise<SessionInfo | undefined> {
  const id = await records.idOfName(name);
  if (id === undefined || registry.find(id) !== undefined) return undefined;
  try {
    return await get(id);
  } catch (error) {
    // It was deleted meanwhile.
    if (isZpwootError(error, "SESSION_NOT_FOUND")) return undefined;
    throw isZpwootError(error, "STORE_CORRUPT") ? nameTaken(name) : error;
  }
}
