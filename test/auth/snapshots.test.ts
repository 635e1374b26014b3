import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { wipeAuthState } from "../../src/auth/wipe.js";
import { listSnapshots, readSnapshot } from "../../src/backup/snapshot-file.js";
import { restoreFromSnapshot, Snapshots, type SnapshotOptions } from "../../src/backup/snapshots.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const library = loadWhaileys();
const passphrase = "correct horse";

/** A store, its sessions, and a directory for snapshots of them. */
async function world() {
  const directory = await mkdtemp(join(tmpdir(), "zpwoot-snapshots-"));
  const store = openStore(new Map<string, unknown>());
  const records = new SessionRecords(store);

  const snapshots = (more: Partial<SnapshotOptions> = {}): Snapshots =>
    new Snapshots({ store, records: () => records.load(), directory, passphrase, ...more });

  async function session({ linked }: { readonly linked: boolean }) {
    const now = new Date().toISOString();
    const record: SessionRecord = {
      version: 1,
      id: randomUUID(),
      name: `session ${randomUUID()}`,
      desired: "offline",
      status: "disconnected",
      phoneNumber: null,
      webhook: null,
      proxy: null,
      createdAt: now,
      updatedAt: now,
    };
    await records.insert(record);
    const auth = await loadAuthState({ store, sessionId: record.id, library });
    if (linked) Object.assign(auth.creds, { account: {}, me: { id: "551199@s.whatsapp.net" } });
    await auth.save();
    await auth.keys.set({
      session: { a: { _sessions: {} } },
      "pre-key": { 7: { public: Buffer.from([1]), private: Buffer.from([2]) } },
    });
    return { record, auth };
  }

  return {
    directory,
    store,
    snapshots,
    session,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

// Side by side: deriving a key from a passphrase takes time, on a thread of its own.
describe.concurrent("snapshots", () => {
  it("hold every session, linked or not, and nothing in the clear", async () => {
    await using at = await world();
    const { snapshots, session } = at;
    const [one, two] = [await session({ linked: true }), await session({ linked: false })];
    const path = await snapshots().take();
    const text = await readFile(path, "utf8");
    expect(text).not.toContain(one.record.name);
    expect((await stat(path)).mode & 0o077).toBe(0);
    const held = new Map((await readSnapshot(path, passphrase)).map((at) => [at.record.id, at]));
    expect(held.get(one.record.id)?.auth?.creds).toEqual(one.auth.creds);
    expect(held.get(two.record.id)).toEqual({ record: two.record, auth: null });
  });

  it("bring back a session that was wiped, its sessions with contacts apart", async () => {
    await using at = await world();
    const { store, snapshots, session } = at;
    const { record, auth } = await session({ linked: true });
    const path = await snapshots().take();
    auth.close();
    await wipeAuthState(store, record.id);
    expect(await restoreFromSnapshot({ store, path, passphrase, sessionId: record.id })).toEqual(record);
    const restored = await loadAuthState({ store, sessionId: record.id, library });
    expect(restored.creds).toEqual(auth.creds);
    expect(await restored.keys.get("session", ["a"])).toEqual({});
    expect(Object.keys(await restored.keys.get("pre-key", ["7"]))).toEqual(["7"]);
  });

  it("replace newer credentials only by force", async () => {
    await using at = await world();
    const { store, snapshots, session } = at;
    const { record, auth } = await session({ linked: true });
    const path = await snapshots().take();
    auth.creds.accountSyncCounter += 1;
    await auth.save();
    auth.close();
    const restore = { store, path, passphrase, sessionId: record.id };
    await expect(restoreFromSnapshot(restore)).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await restoreFromSnapshot({ ...restore, force: true });
    const restored = await loadAuthState({ store, sessionId: record.id, library });
    expect(restored.creds.accountSyncCounter).toBe(auth.creds.accountSyncCounter - 1);
  });

  it("that are cut off, mixed up or opened with a wrong passphrase are refused", async () => {
    await using at = await world();
    const { directory, snapshots, session } = at;
    await session({ linked: true });
    await session({ linked: true });
    const path = await snapshots().take();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const altered = [
      lines.slice(0, -1),
      lines.slice(0, -2),
      [lines[0], lines[2], lines[1], ...lines.slice(3)],
      ["{}"],
    ];
    for (const [index, text] of altered.entries()) {
      const file = join(directory, `altered-${index}`);
      await writeFile(file, text.join("\n"));
      await expect(readSnapshot(file, passphrase)).rejects.toMatchObject({ code: "INVALID_INPUT" });
    }
    await expect(readSnapshot(path, "wrong")).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("are kept to a number, the newest; what a crash left is cleared away", async () => {
    await using at = await world();
    const { directory, snapshots } = at;
    await writeFile(join(directory, "zpwoot-2026-01-01T00-00-00-000Z.snapshot.tmp"), "half");
    await writeFile(join(directory, "mine.txt"), "not ours");
    const some = snapshots({ keep: 2 });
    const paths = [await some.take(), await some.take(), await some.take()];
    expect(await listSnapshots(directory)).toEqual([paths[2], paths[1]]);
    expect(await readdir(directory)).toHaveLength(3);
  });

  it("are taken at intervals while started, and a failing one does not end them", async () => {
    await using at = await world();
    const { directory, snapshots } = at;
    let calls = 0;
    const heard: string[] = [];
    const some = snapshots({
      intervalMs: 5,
      keep: 100,
      records: async () => {
        calls += 1;
        if (calls === 1) throw new Error("store away");
        return [];
      },
      logger: { info: () => {}, warn: () => {}, error: (_, message) => void heard.push(message) },
    });
    some.start();
    some.start();
    const taken = async (): Promise<number> => (await listSnapshots(directory)).length;
    await vi.waitFor(async () => expect(await taken()).toBeGreaterThan(1), { timeout: 10_000 });
    await some.stop();
    const atEnd = await taken();
    expect(heard).toEqual(["A snapshot failed"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await taken()).toBe(atEnd);
  });
});
