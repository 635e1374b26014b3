/** A reader's terminal: a folder of its own, in which the commands of the pages are this repository's. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readPortableAuth } from "../../src/backup/portable-auth.js";
import { encode } from "../../src/store/codec.js";
import { openStore } from "../../src/store/open-store.js";
import { nodeArgs } from "../support/compiled.js";
import { EngineWorld } from "../support/engine.js";
import { ROOT } from "./pages.js";

const run = promisify(execFile);
const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
const COMMANDS_MS = 60_000;

/** What stands in a block for something of the reader's, and what it is here. */
export type Replacements = Readonly<Record<string, string>>;

export class Terminal implements AsyncDisposable {
  /** Variables that the reader has set. */
  readonly env: Record<string, string> = { API_KEY: "a-key-of-the-terminal", PORT: "0" };

  private constructor(readonly folder: string) {}

  static async open(): Promise<Terminal> {
    const terminal = new Terminal(await mkdtemp(join(tmpdir(), "zpwoot-terminal-")));
    // `npx zpwoot …` without a look at the registry.
    const npx = ["#!/bin/sh", "shift", `exec ${[process.execPath, ...nodeArgs(MAIN)].join(" ")} "$@"`];
    await terminal.write("bin/npx", `${npx.join("\n")}\n`, 0o755);
    await symlink(join(ROOT, "examples"), join(terminal.folder, "examples"));
    return terminal;
  }

  /** Settles with what the commands wrote to standard output. Rejects when one of them does not end well. */
  async run(code: string, replacements: Replacements = {}): Promise<string> {
    const filled = Object.entries(replacements).reduce((text, [from, to]) => text.replaceAll(from, to), code);
    const { stdout } = await run("bash", ["-eo", "pipefail", "-c", filled], {
      cwd: this.folder,
      env: { ...process.env, ...this.env, PATH: `${join(this.folder, "bin")}:${process.env["PATH"]}` },
      timeout: COMMANDS_MS,
    });
    return stdout;
  }

  async write(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), content, { mode });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The commands of a block, each with its continuations. */
export function commandsOf(code: string): string[] {
  return code.replace(/\\\n/g, " ").split("\n");
}

/** An account whose device another program has: the records that it keeps, by their names. */
export class OtherProgram implements AsyncDisposable {
  private constructor(
    readonly world: EngineWorld,
    readonly records: ReadonlyMap<string, string>,
  ) {}

  static async open(): Promise<OtherProgram> {
    const world = await EngineWorld.open();
    const { id } = await world.linked();
    await world.manager.disconnect(id);
    const { creds, keys } = await readPortableAuth(openStore(world.map), id);
    const records = new Map([["creds", encode(creds).text]]);
    for (const { family, id: key, value } of keys) records.set(`${family}-${key}`, encode(value).text);
    return new OtherProgram(world, records);
  }

  /** Writes the folder of `useMultiFileAuthState`. */
  async writeFolder(terminal: Terminal, folder: string): Promise<void> {
    for (const [name, text] of this.records)
      await terminal.write(join(folder, `${name.replace(/\//g, "__").replace(/:/g, "-")}.json`), text);
  }

  /** Connects the session of that name in a store. Settles with whether it needed no QR code. */
  async connects(store: string, name: string): Promise<boolean> {
    // Not disposed of: the emulator would be stopped with it.
    const there = await EngineWorld.on(this.world.emulator, { store });
    try {
      const session = (await there.manager.list()).find((one) => one.name === name);
      await there.manager.connect(String(session?.id));
      await there.manager.waitFor(String(session?.id), "connected", { timeoutMs: 10_000 });
      return there.all("session.qr").length === 0;
    } finally {
      await there.manager.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

/** Whether a program is missing that a test needs: never in CI, unless it says so itself. */
export function isMissing(program: string, { alsoInCi = false } = {}): boolean {
  if (spawnSync("which", [program]).status === 0) return false;
  if (process.env["CI"] !== undefined && !alsoInCi) return false;
  console.warn(`SKIPPED: no ${program} found for the tests of the commands in the pages.`);
  return true;
}
