import { execFile } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshBuild } from "./fresh-build.js";
import { TYPED_PROGRAM } from "./typed.js";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel", "error"];

const LINK = `
  const emulator = await WhatsAppEmulator.start();
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
  manager.on("session.qr", ({ value }) => phone.scan(value));
  const { id } = await manager.create({ name: "packed" });
  try {
    await manager.connect(id);
    const { phoneNumber } = await manager.waitFor(id, "connected", { timeoutMs: 10000 });
    console.log("connected", phoneNumber, typeof createHttpHandler(manager, { apiKeys: "k" }).fetch);
  } catch (error) {
    console.log(isZpwootError(error) ? error.code : "not ours", error.message);
  }
  await manager.stop();
  await emulator.stop();`;

const ESM = `import { SessionManager, isZpwootError } from "zpwoot";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";
${LINK}`;

const CJS = `const { SessionManager, isZpwootError } = require("zpwoot");
const { createHttpHandler } = require("zpwoot/http");
const { WhatsAppEmulator } = require("zpwoot/testing");
(async () => {${LINK}
})();`;

describe("the packed package in an empty project", { timeout: 120_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "zpwoot-packed-"));
    await freshBuild();
    const { stdout } = await run(
      "npm",
      ["pack", "--ignore-scripts", "--json", "--pack-destination", folder],
      { cwd: ROOT },
    );
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    const project = { name: "empty", private: true, overrides: { libsignal: "6.0.0" } };
    await writeFile(join(folder, "package.json"), JSON.stringify(project));
    await writeFile(join(folder, "app.mjs"), ESM);
    await writeFile(join(folder, "app.cjs"), CJS);
    await writeFile(join(folder, "app.mts"), TYPED_PROGRAM);
    await writeFile(join(folder, "app.ts"), TYPED_PROGRAM);
    await run("npm", ["install", ...quiet, join(folder, filename)], { cwd: folder });
  }, 300_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const start = async (file: string): Promise<string> =>
    (await run(process.execPath, [file], { cwd: folder, timeout: 30_000 })).stdout.trim();

  it("says without whaileys what to install and shows the override", async () => {
    await expect(access(join(folder, "node_modules/whaileys"))).rejects.toThrow();
    for (const file of ["app.mjs", "app.cjs"]) {
      const said = await start(file);
      expect(said).toMatch(/^MISSING_PACKAGE /);
      expect(said).toContain('"overrides": { "libsignal": "6.0.0" }');
      expect(said).toContain("npm install whaileys@6.4.9");
    }
  });

  /** Compiles a program with the compiler and the Node types of this repository, which the project need not install. */
  const compile = async (
    file: string,
    module: string,
    resolution: string,
    ...more: string[]
  ): Promise<string> =>
    run(
      process.execPath,
      [
        join(ROOT, "node_modules/typescript/bin/tsc"),
        ...[
          "--noEmit",
          "--strict",
          "--esModuleInterop",
          "--target",
          "es2022",
          "--module",
          module,
          "--moduleResolution",
          resolution,
        ],
        ...["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types"), ...more, file],
      ],
      { cwd: folder },
    ).then(
      () => "",
      ({ stdout }: { readonly stdout: string }) => stdout,
    );

  it.each([
    ["app.mts", "nodenext", "nodenext"],
    ["app.mts", "preserve", "bundler"],
    ["app.ts", "commonjs", "node10"],
  ])("has types without any library, and checks its own declarations: %s, %s", async (...program) => {
    expect(await compile(...program, "--skipLibCheck", "false")).toBe("");
  });

  it("holds licence, docs and examples, what the README leads to, and no folder of its builder's", async () => {
    const packed = join(folder, "node_modules/zpwoot");
    for (const file of ["LICENSE", "docs/quick-start.md", "examples/first-session.ts"])
      await access(join(packed, file));
    const readme = await readFile(join(packed, "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) await access(join(packed, link));
    const files = (await readdir(join(packed, "dist"), { recursive: true })).filter((file) =>
      /\.map$/.test(file),
    );
    for (const file of files) {
      const { sources } = JSON.parse(await readFile(join(packed, "dist", file), "utf8")) as {
        readonly sources: readonly string[];
      };
      expect(sources.filter((source) => isAbsolute(source))).toEqual([]);
    }
  });

  it("loads no package in CommonJS that only ES modules can load, as Jest can't", async () => {
    const script = `for (const name of ["", "/http", "/client", "/metrics", "/testing"]) require("zpwoot" + name); console.log("ok")`;
    const { stdout } = await run(process.execPath, ["--no-experimental-require-module", "-e", script], {
      cwd: folder,
    });
    expect(stdout.trim()).toBe("ok");
  });

  it("links a session with whaileys, as ESM and as CommonJS", async () => {
    await run("npm", ["install", ...quiet, "whaileys@6.4.9"], { cwd: folder });
    const libsignal = JSON.parse(
      await readFile(join(folder, "node_modules/libsignal/package.json"), "utf8"),
    ) as { version: string };
    expect(libsignal.version).toBe("6.0.0");
    for (const file of ["app.mjs", "app.cjs"])
      expect(await start(file)).toBe("connected +5511999990001 function");
  });

  it("brings the command along", async () => {
    const { stdout } = await run("npx", ["--no-install", "zpwoot", "help"], { cwd: folder });
    expect(stdout).toContain("zpwoot serve");
    const version = await run("npx", ["--no-install", "zpwoot", "-v"], { cwd: folder });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
