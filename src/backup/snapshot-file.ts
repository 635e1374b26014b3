/**
 * Snapshots as files: a head in the clear, then one sealed line per session. A file appears under its name only when it is
 * whole and on the disk.
 */
import { open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ZpwootError } from "../errors.js";
import { decode, Encoded, encode } from "../store/codec.js";
import type { SessionRecord } from "../api/session-record.js";
import { type KeyDerivation, PassphraseKey } from "./passphrase.js";
import type { PortableAuth } from "./portable-auth.js";

const FORMAT = "zpwoot-snapshot";
const VERSION = 1;

/** Names that sort by time: `zpwoot-2026-11-24T02-31-04-123Z.snapshot`. */
const NAME = /^zpwoot-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.snapshot$/;

/** One session in a snapshot. */
export interface SnapshotSession {
  readonly record: SessionRecord;
  /** Null when it was not linked. */
  readonly auth: PortableAuth | null;
}

interface Head extends KeyDerivation {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly createdAt: string;
}

/** Writes one snapshot. Gives its path. Nothing is left of it when it fails. */
export async function writeSnapshot(
  directory: string,
  passphrase: string,
  sessions: AsyncIterable<SnapshotSession>,
): Promise<string> {
  const key = await PassphraseKey.of(passphrase);
  const createdAt = new Date().toISOString();
  const path = join(directory, `zpwoot-${createdAt.replace(/[:.]/g, "-")}.snapshot`);
  const unfinished = `${path}.tmp`;
  // Only the owner of the process reads it.
  const file = await open(unfinished, "wx", 0o600);
  try {
    const head: Head = { format: FORMAT, version: VERSION, createdAt, ...key.derivation };
    await file.write(`${JSON.stringify(head)}\n`);
    let line = 0;
    for await (const session of sessions) {
      line += 1;
      await file.write(`${key.seal(encode(session).text, placeOf(createdAt, line))}\n`);
    }
    // The end is sealed, too: a file that was cut off is not taken for one with fewer sessions.
    await file.write(`${key.seal("end", placeOf(createdAt, line + 1))}\n`);
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(unfinished).catch(() => undefined);
    throw error;
  }
  return path;
}

/** The sessions of a snapshot. Rejects with `INVALID_INPUT` when it is none, is cut off, or the passphrase is wrong. */
export async function readSnapshot(path: string, passphrase: string): Promise<readonly SnapshotSession[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ZpwootError("INVALID_INPUT", `The snapshot can't be read: ${messageOf(cause)}`, { cause });
  });
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const head = parseHead(first);
  const key = await PassphraseKey.of(passphrase, head);
  const texts = lines.map((line, index) => key.open(line, placeOf(head.createdAt, index + 1)));
  if (texts.pop() !== "end") throw noSnapshot();
  return texts.map((text) => decode(new Encoded(text)) as SnapshotSession);
}

/** The snapshots of a directory, newest first. */
export async function listSnapshots(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => NAME.test(file))
    .sort()
    .reverse()
    .map((file) => join(directory, file));
}

/** Deletes all but the newest ones, and what a crash left unfinished. */
export async function pruneSnapshots(directory: string, keep: number): Promise<void> {
  const old = (await listSnapshots(directory)).slice(keep);
  const unfinished = (await readdir(directory)).filter(
    (file) => file.endsWith(".tmp") && NAME.test(file.slice(0, -4)),
  );
  for (const path of [...old, ...unfinished.map((file) => join(directory, file))]) await unlink(path);
}

/** Ties a line to its file and number: lines can't be exchanged, left out or moved. */
function placeOf(createdAt: string, line: number): string {
  return `${createdAt} ${line}`;
}

function parseHead(line: string): Head {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    if (head?.format === FORMAT && head.version === VERSION && typeof head.salt === "string")
      return head as Head;
  } catch {
    // No JSON: told below.
  }
  throw noSnapshot();
}

function noSnapshot(): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `The file is no whole snapshot of version ${VERSION}`);
}
