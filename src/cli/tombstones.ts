/** `zpwoot tombstone list | restore <session> | erase <session>`: copies of credentials that were deleted. No session connects. */
import { ZpwootError } from "../errors.js";
import { SessionManager } from "../manager/session-manager.js";
import { parseFlags } from "./flags.js";
import { configOf, processSources } from "./read-config.js";
import { SETTING_FLAGS, SETTING_SWITCHES } from "./settings.js";

const USAGE = "zpwoot tombstone list | restore <session id> | erase <session id>";

/** Runs one of the commands on the store of the settings. Rejects with `INVALID_OPTION` for a wrong command line. */
export async function tombstoneCommand(
  args: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const { flags, positionals } = parseFlags(args, {
    flags: SETTING_FLAGS,
    switches: SETTING_SWITCHES,
    positionals: 2,
  });
  const { config } = await configOf(flags, processSources());
  const { store, encryptionKeys = [], tombstones = {} } = config;
  const [action, id = ""] = positionals;
  if (action !== "list" && (id === "" || (action !== "restore" && action !== "erase"))) throw usage();
  await using manager = new SessionManager({ store, encryptionKeys, tombstones });
  if (action === "list") return await printAll(manager, print);
  if (action === "restore") {
    const { name } = await manager.restoreTombstone(id);
    return print(`session ${id} (${name}) is linked again, if WhatsApp still knows the device`);
  }
  const isErased = await manager.eraseTombstone(id);
  print(isErased ? `the tombstone of session ${id} is deleted` : `session ${id} has no tombstone`);
}

async function printAll(manager: SessionManager, print: (line: string) => void): Promise<void> {
  for (const { sessionId, phoneNumber, cause, wipedAt, expiresAt, name } of await manager.tombstones())
    print(`${sessionId}  ${phoneNumber ?? "no number"}  ${cause}  ${wipedAt}  until ${expiresAt}  ${name}`);
}

function usage(): ZpwootError {
  return new ZpwootError("INVALID_OPTION", `usage: ${USAGE}`, { details: [USAGE] });
}
