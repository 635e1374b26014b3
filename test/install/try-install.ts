/**
 * `npm run try:install`: installs the packed tarball as a new user would, with each package client and Node version, and runs a session, the
 * command, Jest in its default mode and the compiler in each; then the examples that are projects of their own. Prints a table; ends with 1
 * if a cell is not ok.
 *
 *     npm run try:install                  everything, minutes
 *     npm run try:install -- --quick       one client, and the examples
 *     npm run try:install -- --built       with the build that is there
 *     npm run try:install -- pnpm@12       the rows whose name contains the text
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { attempt, INSTALL_MS, run } from "./attempt.js";
import { CLIENTS, type Client } from "./install-clients.js";
import { PROJECTS, tryExample } from "./tried-examples.js";
import { LIBRARIES, makeProject, type Library } from "./tried-project.js";

const ROOT = resolve(import.meta.dirname, "../..");
const NODES = ["20", "22", "24"];

type Row = Readonly<Record<string, string>>;

/** Everything that is tried in an installed project. */
async function tryProject(
  folder: string,
  nodes: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const own = process.execPath;
  const tsc = join(folder, "node_modules/typescript/bin/tsc");
  const compile = (file: string, module: string, resolution: string): Promise<string> =>
    attempt(
      own,
      [tsc, "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--types", "node"].concat([
        "--module",
        module,
        "--moduleResolution",
        resolution,
        file,
      ]),
      { cwd: folder },
    );
  const connected = { cwd: folder, expected: "connected +5511999990001" };
  const row: Record<string, string> = {
    esm: await attempt(own, ["app.mjs"], connected),
    cjs: await attempt(own, ["app.cjs"], connected),
    jest: await attempt(own, [join(folder, "node_modules/jest/bin/jest.js"), "--ci"], { cwd: folder }),
    nodenext: await compile("typed.mts", "nodenext", "nodenext"),
    bundler: await compile("typed.mts", "preserve", "bundler"),
    node10: await compile("typed.ts", "commonjs", "node10"),
    command: await attempt(own, [join(folder, "node_modules/zpwoot/dist/cli/main.js"), "-v"], {
      cwd: folder,
      expected: "0.",
    }),
  };
  for (const [version, path] of nodes) {
    row[`node ${version} esm`] = await attempt(path, ["app.mjs"], connected);
    row[`node ${version} cjs`] = await attempt(path, ["app.cjs"], connected);
  }
  return row;
}

/** Installs a package of the registry into a folder of its own. */
async function tool(
  name: string,
  version: string,
  work: string,
): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = join(work, "tools", `${name.replaceAll("/", "-")}-${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), `{ "private": true }`);
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel",
    "error",
    `${name}@${version}`,
  ];
  await run("npm", args, { cwd: folder, timeout: INSTALL_MS });
  return { folder, path: join(folder, "node_modules", name) };
}

async function tryClient(
  client: Client,
  library: Library,
  context: { work: string; tarball: string; registry: string; nodes: ReadonlyMap<string, string> },
): Promise<Row> {
  const name = `${client.name}, ${library}`;
  const folder = join(context.work, name.replace(/\W+/g, "-"));
  await makeProject(folder, library, client, context.tarball);
  // Not the file that the package names: pnpm 12 is no JavaScript.
  const { folder: tools } = await tool(client.package, client.version, context.work);
  const bin = join(tools, "node_modules/.bin", client.command);
  const install = await attempt(bin, client.install, {
    cwd: folder,
    timeout: INSTALL_MS,
    env: client.env(context.registry),
  });
  const row = { row: name, install, ...(install === "ok" ? await tryProject(folder, context.nodes) : {}) };
  await rm(folder, { recursive: true, force: true });
  return row;
}

/** The Node versions, as packages of the registry. */
async function nodeVersions(work: string): Promise<ReadonlyMap<string, string>> {
  const platform = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const found = NODES.map(async (version) => {
    const { path } = await tool(platform, version, work);
    return [version, join(path, "bin/node")] as const;
  });
  return new Map(await Promise.all(found));
}

async function main(args: readonly string[]): Promise<void> {
  const isQuick = args.includes("--quick");
  const wanted = args.find((arg) => !arg.startsWith("--"));
  const work = await mkdtemp(join(tmpdir(), "zpwoot-try-"));
  try {
    if (!args.includes("--built"))
      await run("npm", ["run", "--silent", "build"], { cwd: ROOT, timeout: INSTALL_MS });
    const packed = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", work], {
      cwd: ROOT,
    });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    const registry = (await run("npm", ["config", "get", "registry"])).stdout.trim();
    const context = { work, tarball: join(work, filename), registry };
    const nodes = isQuick ? new Map<string, string>() : await nodeVersions(work);
    let failed = 0;
    for (const client of isQuick ? CLIENTS.filter(({ name }) => name === "npm@11") : CLIENTS)
      for (const library of Object.keys(LIBRARIES) as Library[]) {
        if (wanted !== undefined && !`${client.name}, ${library}`.includes(wanted)) continue;
        const own = client.name === "npm@11" ? nodes : new Map<string, string>();
        const row = await tryClient(client, library, { ...context, nodes: own });
        failed += report(row);
      }
    for (const name of Object.keys(PROJECTS)) {
      const row = `examples/${name}`;
      if (wanted === undefined || row.includes(wanted))
        failed += report({ row, ...(await tryExample(name, context)) });
    }
    console.log(failed === 0 ? "\nall ok" : `\n${failed} not ok`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Prints a row, and why cells are not ok; returns how many are not. */
function report({ row = "", ...cells }: Row): number {
  const shown = Object.entries(cells).map(([name, result]) => `${name} ${result === "ok" ? "ok" : "FAILED"}`);
  console.log(`| ${row.padEnd(22)} | ${shown.join(" | ")} |`);
  const bad = Object.entries(cells).filter(([, result]) => result !== "ok");
  for (const [name, result] of bad) console.log(`    ${name}: ${result}`);
  return bad.length;
}

await main(process.argv.slice(2));
