/** `zpwoot keys create | list | revoke`: the API keys in a store. */
import { API_KEY_ROLES, type ApiKeyRole } from "../api/api-keys.js";
import { ZpwootError } from "../errors.js";
import { SessionManager } from "../manager/session-manager.js";
import { parseFlags, settingsOf } from "./settings.js";

const USAGE = `zpwoot keys create <name> --role ${API_KEY_ROLES.join("|")} [--sessions id,id] | list | revoke <id>`;

/** Runs one of them on the store of the settings. Rejects with a sentence for the person at the terminal. */
export async function keysCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { flags, positionals } = parseFlags(args, { more: ["role", "sessions"], positionals: 2 });
  const [action, what] = positionals;
  const { store, encryptionKeys } = settingsOf(flags, process.env);
  await using manager = new SessionManager({ store, encryptionKeys });
  const keys = manager.apiKeys;
  if (action === "list") {
    for (const { id, name, role, sessions, lastUsedAt } of await keys.list()) {
      const reach = sessions === null ? "all sessions" : sessions.join(",");
      print(`${id}  ${role}  ${name}  ${reach}  ${lastUsedAt ?? "never used"}`);
    }
    return;
  }
  if (what === undefined || (action !== "create" && action !== "revoke")) throw invalid(USAGE);
  if (action === "revoke") {
    if (!(await keys.revoke(what))) throw invalid(`there is no API key with the id ${what}`);
    return print(`revoked ${what}. A server that uses this store refuses it from its next start`);
  }
  const sessions = flags["sessions"]?.split(",");
  const { id, key } = await keys.create({
    name: what,
    role: (flags["role"] ?? "") as ApiKeyRole,
    ...(sessions === undefined ? {} : { sessions }),
  });
  print(`API key ${id}, shown once: ${key}`);
}

function invalid(message: string): ZpwootError {
  return new ZpwootError("INVALID_OPTION", message);
}
