/** examples/migrate: rows of another program's table become a folder that is imported, and the session is the same device. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readPortableAuth } from "../../src/backup/portable-auth.js";
import { encode } from "../../src/store/codec.js";
import { openStore } from "../../src/store/open-store.js";
import { EngineWorld } from "../support/engine.js";

const SCRIPT = join(import.meta.dirname, "../../examples/migrate/rows-to-folder.mjs");

/** Runs the script on rows. */
function toFolder(folder: string, rows: readonly object[]): { status: number | null; stderr: string } {
  const input = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  return spawnSync(process.execPath, [SCRIPT, folder], { input, encoding: "utf8" });
}

it.each([
  ["as baileys-api keeps them", (text: string) => text],
  ["as Evolution API keeps them, text in text", (text: string) => JSON.stringify(text)],
])("rows %s become a folder, and the session connects without a QR code", async (_, kept) => {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-rows-"));
  try {
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    await world.manager.disconnect(id);
    const { creds, keys } = await readPortableAuth(openStore(world.map), id);
    const rows = [
      { id: "creds", data: kept(encode(creds).text) },
      ...keys.map((key) => ({ id: `${key.family}-${key.id}`, data: encode(key.value).text })),
    ];
    expect(toFolder(folder, rows)).toMatchObject({
      status: 0,
      stderr: `${rows.length} files in ${folder}\n`,
    });
    await using to = await EngineWorld.on(world.emulator, { store: "memory:" });
    const moved = await to.created("moved");
    expect(await to.manager.importAuthFolder(moved, folder)).toMatchObject({ skipped: [] });
    await to.manager.connect(moved);
    await to.manager.waitFor(moved, "connected");
    expect(to.heard.map(({ name }) => name)).not.toContain("session.qr");
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("no rows are a mistake that is said", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-rows-"));
  expect(toFolder(folder, [])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("check the session's id"),
  });
  await rm(folder, { recursive: true });
});
