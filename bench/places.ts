/** Empty places in the stores for one contestant, and how to be rid of them. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATABASE_URL, dropKeys, dropTable, REDIS_URL } from "./store-ways.js";

/** A place in a store. */
export interface Place {
  readonly url: string;
  drop(): Promise<void>;
}

/** The kinds of store that contestants are measured on. */
export type PlaceKind = "memory" | "lmdb" | "redis" | "postgres";

/** A place for zpwoot's `store` option. */
export async function placeFor(kind: PlaceKind): Promise<Place> {
  const name = `zpwoot_bench_${randomUUID().replaceAll("-", "")}`;
  if (kind === "memory") return { url: "memory:", drop: async () => {} };
  if (kind === "lmdb") {
    const { folder, drop } = await folderPlace();
    return { url: `lmdb:${folder}`, drop };
  }
  if (kind === "redis")
    return { url: withParameter(REDIS_URL, "namespace", name), drop: () => dropKeys(name) };
  return { url: withParameter(DATABASE_URL, "table", name), drop: () => dropTable(name) };
}

/** A place for a bare socket's auth state: memory, files, or a Keyv. */
export async function barePlaceFor(kind: "memory" | "files" | "redis" | "postgres"): Promise<Place> {
  const name = `zpwoot_bench_${randomUUID().replaceAll("-", "")}`;
  if (kind === "memory") return { url: "memory", drop: async () => {} };
  if (kind === "files") {
    const { folder, drop } = await folderPlace();
    return { url: `files:${folder}`, drop };
  }
  if (kind === "redis") return { url: `redis:${REDIS_URL}#${name}`, drop: () => dropKeys(name) };
  return { url: `postgres:${DATABASE_URL}#${name}`, drop: () => dropTable(name) };
}

async function folderPlace(): Promise<{ readonly folder: string; readonly drop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-bench-"));
  return { folder, drop: () => rm(folder, { recursive: true, force: true }) };
}

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}
