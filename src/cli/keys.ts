/** `zpwoot keys create | list | revoke`: manages the API keys in a store, also beside a server that runs on it. */
import { API_KEY_ROLES, type ApiKeyInfo, type ApiKeyRole } from "../api/api-keys.js";
import { ZpwootError } from "../errors.js";
import { ApiKeys } from "../manager/api-keys.js";
import { lineLogger } from "../manager/default-logger.js";
import { openStore } from "../store/open-store.js";
import { SessionRecords } from "../store/sessions/session-records.js";
import type { Store } from "../store/store.js";
import { parseFlags, type Flags } from "./flags.js";
import { configOf, processSources } from "./read-config.js";
import { SETTING_FLAGS, SETTING_SWITCHES } from "./settings.js";
import { foundSession } from "./stored-sessions.js";

const USAGE = `zpwoot keys create <name> --role ${API_KEY_ROLES.join("|")} [--sessions name,id] | list | revoke <id>`;

/**
 * Runs one of the commands on the store of the settings, which it need not own: nothing but API keys is read or written. Rejects with
 * `INVALID_OPTION` for a wrong command line.
 */
export async function keysCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { flags, positionals } = parseFlags(args, {
    flags: [...SETTING_FLAGS, "role", "sessions"],
    switches: SETTING_SWITCHES,
    positionals: 2,
  });
  const { store: place, encryptionKeys = [] } = (await configOf(flags, processSources())).config;
  const logger = lineLogger();
  const store = openStore(place, { logger, encryptionKeys });
  try {
    const lines = await run(new ApiKeys(store, logger), { flags, positionals, store });
    for (const line of lines) print(line);
  } finally {
    await store.close();
  }
}

async function run(
  keys: ApiKeys,
  {
    flags,
    positionals,
    store,
  }: { readonly flags: Flags; readonly positionals: readonly string[]; readonly store: Store },
): Promise<readonly string[]> {
  const [action, idOrName] = positionals;
  if (action === "list") return (await keys.list()).map(lineOf);
  if (idOrName === undefined || (action !== "create" && action !== "revoke")) throw invalid(USAGE);
  if (action === "revoke") {
    if (!(await keys.revoke(idOrName))) throw invalid(`no API key has the id ${idOrName}`);
    return [`revoked ${idOrName}. A running server refuses it within a second`];
  }
  const sessions = await idsOf(store, flags["sessions"]);
  const { id, key } = await keys.create({
    name: idOrName,
    role: (flags["role"] ?? "") as ApiKeyRole,
    ...(sessions === undefined ? {} : { sessions }),
  });
  return [`API key ${id}, shown once: ${key}`];
}

/** The ids of sessions that are given by id or name; undefined: all sessions. A key for one that does not exist would see nothing. */
async function idsOf(store: Store, given: string | undefined): Promise<readonly string[] | undefined> {
  if (given === undefined) return undefined;
  const records = await new SessionRecords(store).load();
  const names = given.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "").map((name) => foundSession(records, name).id);
}

function lineOf({ id, name, role, sessions, lastUsedAt }: ApiKeyInfo): string {
  const scope = sessions === null ? "all sessions" : sessions.join(",");
  return `${id}  ${role}  ${name}  ${scope}  ${lastUsedAt ?? "never used"}`;
}

function invalid(message: string): ZpwootError {
  return new ZpwootError("INVALID_OPTION", message);
}
