/** The passphrase of snapshots and exports. It is never a flag, because every user of the machine can read those. */
import { readFile } from "node:fs/promises";
import { ZpwootError, messageOf } from "../errors.js";
import type { ServeConfig } from "./serve-config.js";

/** Reads the passphrase from its file or from `ZPWOOT_PASSPHRASE`. Rejects with `INVALID_OPTION` if there is none or the file can't be read. */
export async function readPassphrase(
  { passphraseFile }: Pick<ServeConfig, "passphraseFile">,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const passphrase =
    passphraseFile === undefined
      ? env["ZPWOOT_PASSPHRASE"]
      : (await readFile(passphraseFile, "utf8").catch(rejectUnreadable)).trimEnd();
  if (passphrase !== undefined && passphrase !== "") return passphrase;
  const sentence = "a passphrase is required: set ZPWOOT_PASSPHRASE or --passphrase-file";
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}

function rejectUnreadable(cause: unknown): never {
  const sentence = `--passphrase-file can't be read: ${messageOf(cause)}`;
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence], cause });
}
