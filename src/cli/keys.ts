/** `zpwoot keys create | list | revoke`: manages the API keys in a store. */
import { API_KEY_ROLES, type ApiKeyRole } from "../api/api-keys.js";
import { ZpwootError } from "../errors.js";
import { SessionManager } from "../manager/session-manager.js";
import { parseFlags } from "./flags.js";
import { SETTING_FLAGS, SETTING_SWITCHES, settingsOf } from "./settings.js";

const USAGE = `zpwoot keys create <name> --role ${API_KEY_ROLES.join("|")} [--sessions id,id] | list | revoke <id>`;

/** Runs one of the commands on the store of the settings. Rejects with `INVALID_OPTION` for a wrong command line. */
export async function keysCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { flags, positionals } = parseFlags(args, {
    flags: [...SETTING_FLAGS, "role", "sessions"],
    switches: SETTING_SWITCHES,
    positionals: 2,
  });
  const [action, idOrName] = positionals;
  const { store, encryptionKeys } = settingsOf(flags, process.env);
  await using manager = new SessionManager({ store, encryptionKeys });
  const keys = manager.apiKeys;
  if (action === "list") {
    for (const { id, name, role, sessions, lastUsedAt } of await keys.list()) {
      const scope = sessions === null ? "all sessions" : sessions.join(",");
      print(`${id}  ${role}  ${name}  ${scope}  ${lastUsedAt ?? "never used"}`);
    }
    return;
  }
  if (idOrName === undefined || (action !== "create" && action !== "revoke")) throw invalid(USAGE);
  if (action === "revoke") {
    if (!(await keys.revoke(idOrName))) throw invalid(`no API key has the id ${idOrName}`);
    return print(`revoked ${idOrName}. A running server accepts it until it restarts`);
  }
  const sessions = flags["sessions"]?.split(",");
  const { id, key } = await keys.create({
    name: idOrName,
    role: (flags["role"] ?? "") as ApiKeyRole,
    ...(sessions === undefined ? {} : { sessions }),
  });
  print(`API key ${id}, shown once: ${key}`);
}

function invalid(message: string): ZpwootError {
  return new ZpwootError("INVALID_OPTION", message);
}
