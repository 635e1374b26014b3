/** `zpwoot export`, `import`, `backup` and `reencrypt`: moves credentials out of a store and into it. No session connects. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { listSnapshots } from "../backup/snapshot-file.js";
import { reencrypt } from "../backup/backups.js";
import { exportCredentials } from "../backup/bundle.js";
import { ZpwootError } from "../errors.js";
import { SessionManager } from "../manager/session-manager.js";
import type { OwnerRecord } from "../ownership/owner-record.js";
import { readPassphrase } from "./passphrase.js";
import { withProgress } from "./progress.js";
import { parseFlags, type Flags } from "./flags.js";
import { configOf, processSources, type EffectiveConfig } from "./read-config.js";
import { SETTING_FLAGS, SETTING_SWITCHES } from "./settings.js";
import { foundSession, withStoredSessions } from "./stored-sessions.js";

/** The commands of this file. */
export type BackupCommand = "export" | "import" | "backup" | "reencrypt";

/** What a command works with. */
interface Context {
  readonly settings: EffectiveConfig;
  readonly flags: Flags;
  readonly positionals: readonly string[];
  readonly print: (line: string) => void;
  readonly passphrase: () => Promise<string>;
}

/** Flags of these commands beside the settings. */
const FLAGS = ["session", "name", "out", "force"] as const;

/** Runs one of the commands on the store of the settings. Rejects with `INVALID_OPTION` for a wrong command line. */
export async function backupCommand(
  command: BackupCommand,
  args: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const parsed = parseFlags(args, {
    flags: [...SETTING_FLAGS, ...FLAGS],
    switches: [...SETTING_SWITCHES, "force"],
    positionals: 2,
  });
  const settings = (await configOf(parsed.flags, processSources())).config;
  const passphrase = async (): Promise<string> =>
    settings.snapshots?.passphrase ?? readPassphrase(settings, process.env);
  const context: Context = { ...parsed, settings, print, passphrase };
  if (command === "reencrypt") return reencryptStore(context);
  if (command === "backup" && parsed.positionals[0] === "list") return listSnapshotFiles(context);
  const snapshots =
    command === "backup" && settings.snapshots !== undefined
      ? { snapshots: { ...settings.snapshots, passphrase: await passphrase() } }
      : {};
  if (command === "export") return exportSession(context);
  await using manager = new SessionManager({
    store: settings.store,
    encryptionKeys: settings.encryptionKeys ?? [],
    ...snapshots,
  });
  if (command === "import") await importSession(manager, context);
  else await takeOrRestore(manager, context);
}

/** Reads only, so that it works beside a running server. */
async function exportSession({ settings, flags, positionals, print, passphrase }: Context): Promise<void> {
  const wanted = required(positionals[0], "zpwoot export <session>");
  const forced = flags["force"] === "true";
  const { id, bundle } = await withStoredSessions(settings, async ({ store, records, owner }) => {
    const { id: sessionId, name, desired } = foundSession(records, wanted);
    if (owner !== undefined && desired === "online") throw stillOnline(name, owner);
    return {
      id: sessionId,
      bundle: await withProgress("exporting", "", async () =>
        exportCredentials({ store, sessionId, passphrase: await passphrase() }),
      ),
    };
  });
  const file = flags["out"];
  if (file === undefined) return print(bundle);
  await writeFile(file, bundle, { mode: 0o600, flag: forced ? "w" : "wx" });
  print(`exported session ${id} to ${file}. Once it connects elsewhere, it must not connect here again`);
}

function stillOnline(name: string, { pid, host }: OwnerRecord): ZpwootError {
  const sentence = `session ${JSON.stringify(name)} is run by process ${pid} on ${host}: disconnect it there first, or stop that process`;
  return new ZpwootError("STORE_IN_USE", sentence, { permanent: true });
}

async function importSession(manager: SessionManager, context: Context): Promise<void> {
  const { flags, positionals, print, passphrase } = context;
  const path = required(positionals[0], "zpwoot import <file or folder> --name <new> | --session <existing>");
  const isFolder = (await stat(path)).isDirectory();
  const force = isForced(context);
  const importInto = async (
    id: string,
  ): Promise<{ readonly keys: number; readonly droppedSessions: boolean }> =>
    isFolder
      ? manager.importAuthFolder(id, path, { force })
      : manager.importCredentials(id, await readFile(path, "utf8"), {
          passphrase: await passphrase(),
          force,
        });
  const [existing, name] = [flags["session"], flags["name"]];
  if ((existing === undefined) === (name === undefined))
    throw invalid("set either --name for a new session or --session for an existing one");
  const id =
    existing === undefined ? (await manager.create({ name: name ?? "" })).id : await idOf(manager, existing);
  try {
    const { keys, droppedSessions } = await withProgress("importing", "", () => importInto(id));
    print(`session ${id} is linked, with ${keys} keys`);
    if (droppedSessions) print("the copy was outdated: encryption sessions with contacts are re-established");
  } catch (error) {
    // Deletes the session that was created above, but never one with credentials: that would unlink the device.
    const empty = existing === undefined && !("creds" in (await manager.countKeys(id)));
    if (empty) await manager.delete(id);
    throw error;
  }
}

async function takeOrRestore(manager: SessionManager, context: Context): Promise<void> {
  const { settings, flags, positionals, print, passphrase } = context;
  const [action, path] = positionals;
  if (action === "now") {
    directoryOf(settings);
    return print(
      await withProgress("taking a snapshot", "sessions", (onProgress) =>
        manager.takeSnapshot({ onProgress }),
      ),
    );
  }
  const usage = "zpwoot backup now | list | restore <file> --session <id>";
  if (action !== "restore") throw invalid(usage);
  const input = {
    sessionId: required(flags["session"], usage),
    passphrase: await passphrase(),
    force: isForced(context),
  };
  const file = required(path, usage);
  const { id, name } = await withProgress("restoring", "", () => manager.restoreSnapshot(file, input));
  print(`session ${id} (${name}) is restored; encryption sessions with contacts are re-established`);
}

async function listSnapshotFiles({ settings, print }: Context): Promise<void> {
  for (const path of await listSnapshots(directoryOf(settings))) print(path);
}

async function reencryptStore({ settings, print }: Context): Promise<void> {
  const { store, encryptionKeys = [] } = settings;
  if (encryptionKeys.length === 0) throw invalid("reencrypt needs --encryption-keys, the new key first");
  const written = await withProgress("encrypting", "records", (onProgress) =>
    reencrypt({ store, encryptionKeys, onProgress }),
  );
  print(`${written} records are encrypted with the first key; the other keys are no longer needed`);
}

function directoryOf({ snapshots }: EffectiveConfig): string {
  return required(snapshots?.directory, "backup needs --backup-dir, or ZPWOOT_BACKUP_DIR");
}

/** Returns the id of a session given by id or name. */
async function idOf(manager: SessionManager, idOrName: string): Promise<string> {
  return foundSession(await manager.list(), idOrName).id;
}

function isForced({ flags }: Context): boolean {
  return flags["force"] === "true";
}

function required(value: string | undefined, usage: string): string {
  if (value === undefined || value === "") throw invalid(usage);
  return value;
}

function invalid(usage: string): ZpwootError {
  return new ZpwootError("INVALID_OPTION", `usage: ${usage}`, { details: [usage] });
}
