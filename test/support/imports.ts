/** The imports of `src`, and the order they must keep: docs/architecture.md draws it. */
import { readFile, readdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

const SRC = resolve(import.meta.dirname, "../../src");

/** What the files of each folder may import, beside their own folder and packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  api: ["errors.ts"],
  async: ["errors.ts"],
  egress: ["errors.ts", "api", "async"],
  whatsapp: ["errors.ts", "api", "async", "egress"],
  store: ["errors.ts", "api", "async"],
  ownership: ["errors.ts", "api", "async", "store"],
  auth: ["errors.ts", "api", "async", "whatsapp", "store"],
  session: ["errors.ts", "api", "async", "egress", "whatsapp"],
  calls: ["errors.ts", "api", "async", "whatsapp"],
  messages: ["errors.ts", "api", "async", "store", "whatsapp"],
  events: ["errors.ts", "api", "async", "store"],
  cluster: ["errors.ts", "api", "async", "store", "ownership", "events"],
  webhooks: ["errors.ts", "api", "async", "egress", "store", "events"],
  backup: ["errors.ts", "api", "async", "whatsapp", "store", "ownership", "auth"],
  manager: [
    ...["errors.ts", "api", "async", "egress", "whatsapp", "store", "auth", "session", "events", "webhooks"],
    ...["ownership", "backup", "calls", "messages", "cluster/ports.ts"],
  ],
  http: ["errors.ts", "api"],
  metrics: ["errors.ts", "api"],
  client: ["errors.ts", "api", "http/contract"],
  testing: ["errors.ts"],
  // The public entry, and the program that is made of all the others.
  "index.ts": ["*"],
  cli: ["*"],
};

/** One import of one file; paths are relative to `src`, packages begin with `package:`. */
export interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
  /** When it is called, not when its file is loaded. */
  readonly lazy?: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(type\s)?[^;"]*?from\s+"([^"]+)";|import\("([^"]+)"\)|require\("([^"]+)"\)|^import\s+"([^"]+)";/gm;

/** All imports of `src`: static, lazy, of types and of values. */
export async function readImports(): Promise<Import[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const found = await Promise.all(
    files.map(async (file) => importsOf(file, await readFile(join(SRC, file), "utf8"))),
  );
  return found.flat();
}

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(STATEMENT)].map(([, typeOnly, from, lazily, required, bare]) => {
    const name = from ?? lazily ?? required ?? bare ?? "";
    const inside = name.startsWith(".");
    const target = inside
      ? relative(SRC, resolve(SRC, dirname(file), name)).replace(/\.js$/, ".ts")
      : `package:${name}`;
    return { file, target, typeOnly: typeOnly !== undefined, lazy: from === undefined && bare === undefined };
  });
}

/** The imports that are followed when these files are loaded, before anything is called. */
export function loadedAtOnce(files: readonly string[], imports: readonly Import[]): Import[] {
  const [found, waiting] = [new Set(files), [...files]];
  const followed: Import[] = [];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop())
    for (const one of imports) {
      if (one.file !== file || one.typeOnly || one.lazy === true) continue;
      followed.push(one);
      if (!found.has(one.target)) waiting.push(one.target);
      found.add(one.target);
    }
  return followed;
}

/** The imports that break the order, as sentences. */
export function forbidden(imports: readonly Import[]): string[] {
  return imports
    .filter(({ file, target }) => !target.startsWith("package:") && !allowed(file, target))
    .map(({ file, target }) => `${file} must not import ${target}`);
}

function allowed(file: string, target: string): boolean {
  const folder = topOf(file);
  const rules = MAY_IMPORT[folder];
  if (rules === undefined) return false;
  if (topOf(target) === folder) return true;
  return rules.some((rule) => rule === "*" || target === rule || target.startsWith(`${rule}/`));
}

/** The folder, or the file where it lies at the top. */
function topOf(path: string): string {
  return path.split("/")[0] ?? path;
}

/** Every folder that holds a file, `""` for `src` itself. */
export function foldersOf(imports: readonly Import[]): string[] {
  const parents = imports.flatMap(({ file }) => {
    const parts = file.split("/").slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  });
  return ["", ...new Set(parents)];
}

/** The imports between the children of a folder: its files, and its sub-folders as one place each. */
export function within(imports: readonly Import[], folder: string): Import[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const childOf = (path: string): string | undefined =>
    path.startsWith(prefix) && !path.startsWith("package:")
      ? prefix + topOf(path.slice(prefix.length))
      : undefined;
  return imports.flatMap(({ file, target, typeOnly }) => {
    const [from, to] = [childOf(file), childOf(target)];
    return from === undefined || to === undefined || from === to
      ? []
      : [{ file: from, target: to, typeOnly }];
  });
}

/** Groups of places that import each other in a circle. */
export function circles(imports: readonly Import[]): string[][] {
  const edges = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    if (target.startsWith("package:")) continue;
    edges.set(file, (edges.get(file) ?? new Set()).add(target));
  }
  return stronglyConnected(edges).map((group) => group.sort());
}

/** Tarjan's algorithm; groups of one are left out. */
function stronglyConnected(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (place: string): void => {
    index.set(place, index.size);
    low.set(place, index.get(place) ?? 0);
    stack.push(place);
    for (const next of edges.get(place) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(place, Math.min(low.get(place) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(place) !== index.get(place)) return;
    const group = stack.splice(stack.indexOf(place));
    if (group.length > 1) groups.push(group);
  };
  for (const place of edges.keys()) if (!index.has(place)) visit(place);
  return groups;
}
