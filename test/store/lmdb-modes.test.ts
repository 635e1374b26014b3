import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { nodeArgs } from "../support/compiled.js";

const CHILD = new URL("./lmdb-modes-child.ts", import.meta.url);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zpwoot-modes-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const modes = (directory: string): Promise<string[]> =>
  Promise.all(["", "data.mdb", "lock.mdb"].map((name) => modeOf(join(directory, name))));

// Windows has no such modes.
describe.skipIf(process.platform === "win32")("an embedded store", () => {
  it("is readable by its user only, also with a umask of 000", async () => {
    const directory = join(folder, "deep", "store");
    await promisify(execFile)(process.execPath, [...nodeArgs(CHILD), `lmdb:${directory}`]);
    expect(await modes(directory)).toEqual(["700", "600", "600"]);
  });

  it("is closed to others when it is opened, if it was open to them", async () => {
    const directory = join(folder, "store");
    const before = openStore(`lmdb:${directory}`);
    await before.open();
    await before.close();
    await chmod(directory, 0o755);
    for (const file of ["data.mdb", "lock.mdb"]) await chmod(join(directory, file), 0o644);
    const store = openStore(`lmdb:${directory}`);
    await store.open();
    expect(await modes(directory)).toEqual(["700", "600", "600"]);
    await store.close();
  });

  it("does not close a directory that holds other things", async () => {
    await chmod(folder, 0o755);
    await writeFile(join(folder, "index.html"), "");
    const store = openStore(`lmdb:${folder}`);
    await store.open();
    expect(await modes(folder)).toEqual(["755", "600", "600"]);
    await store.close();
  });
});
