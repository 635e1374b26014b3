/**
 * Snapshots as files: an unencrypted head, then one encrypted line per session. A file gets its final name when it is complete and
 * on the disk.
 */
import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { SessionRecord } from "../api/session-record.js";
import { messageOf, ZpwootError } from "../errors.js";
import { decode, Encoded, encode } from "../store/codec.js";
import { type KeyDerivation, PassphraseKey } from "./passphrase.js";
import { type PortableAuth, portableAuthIn } from "./portable-form.js";
import { readRegularFile } from "./regular-file.js";

const FORMAT = "zpwoot-snapshot";
const VERSION = 1;

/** Names that sort by time: `zpwoot-2026-11-24T02-31-04-123Z.snapshot`. */
const NAME = /^zpwoot-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.snapshot$/;

/** One session in a snapshot. */
export interface SnapshotSession {
  readonly record: SessionRecord;
  /** Null when the session was not linked. */
  readonly auth: PortableAuth | null;
}

interface Head extends KeyDerivation {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly createdAt: string;
}

/** Writes one snapshot. Settles with its path. Leaves no file behind when it rejects. */
export async function writeSnapshot(
  directory: string,
  passphrase: string,
  sessions: AsyncIterable<SnapshotSession>,
): Promise<string> {
  const key = await PassphraseKey.of(passphrase);
  const createdAt = new Date().toISOString();
  const path = join(directory, `zpwoot-${createdAt.replace(/[:.]/g, "-")}.snapshot`);
  const unfinished = `${path}.tmp`;
  // Readable only by the user that runs the process.
  const file = await open(unfinished, "wx", 0o600);
  try {
    const head: Head = { format: FORMAT, version: VERSION, createdAt, ...key.derivation };
    await file.write(`${JSON.stringify(head)}\n`);
    let line = 0;
    for await (const session of sessions) {
      line += 1;
      await file.write(`${key.seal(encode(session).text, placeOf(createdAt, line))}\n`);
    }
    // The end is a line of its own: a truncated file is not taken for one with fewer sessions.
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

/** The sessions of a snapshot. Rejects with `INVALID_INPUT` when it is not a snapshot, is truncated, or the passphrase is wrong. */
export async function readSnapshot(path: string, passphrase: string): Promise<readonly SnapshotSession[]> {
  const text = await readRegularFile(path, { followsLink: true }).catch((cause: unknown) => {
    throw new ZpwootError("INVALID_INPUT", `The snapshot can't be read: ${messageOf(cause)}`, { cause });
  });
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const head = parseHead(first);
  const key = await PassphraseKey.of(passphrase, head);
  const texts = lines.map((line, index) => key.open(line, placeOf(head.createdAt, index + 1)));
  if (texts.pop() !== "end") throw notASnapshot();
  return texts.map(sessionIn);
}

/**
 * The paths of the snapshots in a directory, newest first. Rejects when the directory can't be read.
 *
 * @example
 * const [newest] = await listSnapshots("./snapshots");
 */
export async function listSnapshots(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => NAME.test(file))
    .sort()
    .reverse()
    .map((file) => join(directory, file));
}

/** Deletes all but the newest snapshots of a directory, and files that a crash left unfinished. */
export async function pruneSnapshots(directory: string, keep: number): Promise<void> {
  const old = (await listSnapshots(directory)).slice(keep);
  const unfinished = (await readdir(directory)).filter(
    (file) => file.endsWith(".tmp") && NAME.test(file.slice(0, -4)),
  );
  for (const path of [...old, ...unfinished.map((file) => join(directory, file))]) await unlink(path);
}

function sessionIn(text: string): SnapshotSession {
  const { record, auth } = parsed(text);
  if (typeof record?.id !== "string" || typeof record.name !== "string") throw notASnapshot();
  return { record, auth: auth === null ? null : portableAuthIn(auth) };
}

function parsed(text: string): Partial<SnapshotSession> {
  try {
    return decode(new Encoded(text)) ?? {};
  } catch {
    throw notASnapshot();
  }
}

/** Ties a line to its file and its number: lines can't be swapped, dropped or moved to another file. */
function placeOf(createdAt: string, line: number): string {
  return `${createdAt} ${line}`;
}

function parseHead(line: string): Head {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    if (head?.format === FORMAT && head.version === VERSION && typeof head.salt === "string")
      return head as Head;
  } catch {
    // Not JSON: refused below.
  }
  throw notASnapshot();
}

function notASnapshot(): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `The file is not a complete snapshot of version ${VERSION}`);
}
