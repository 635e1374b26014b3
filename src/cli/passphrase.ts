/** The passphrase of snapshots and exports: never a flag, because flags are visible to every user of the machine. */
import { readFile } from "node:fs/promises";
import { ZpwootError, messageOf } from "../errors.js";
import type { ServeSettings } from "./settings.js";

/** Reads the passphrase. Rejects with `INVALID_OPTION` when there is none, or its file can't be read. */
export async function readPassphrase(
  { passphraseFile }: Pick<ServeSettings, "passphraseFile">,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const passphrase =
    passphraseFile === undefined
      ? env["ZPWOOT_PASSPHRASE"]
      : (await readFile(passphraseFile, "utf8").catch(refuse)).trimEnd();
  if (passphrase !== undefined && passphrase !== "") return passphrase;
  const sentence = "a passphrase is needed: set ZPWOOT_PASSPHRASE, or name a file with --passphrase-file";
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}

function refuse(cause: unknown): never {
  const sentence = `--passphrase-file can't be read: ${messageOf(cause)}`;
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence], cause });
}
