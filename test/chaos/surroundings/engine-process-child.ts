/**
 * The engine process of the surroundings: `engine-process-child.ts <wa-url> <root key> <library>`. Does what its parent asks over IPC. It has no
 * listener for `unhandledRejection` or `uncaughtException`: either ends it, as it would a host.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isZpwootError } from "../../../src/errors.js";
import { DISK, setClock } from "./disk-and-clock.js";
import { Neighbours } from "./neighbours.js";
import type { Act, Commands, Ended, Held, Notice } from "./protocol.js";
import { Row } from "./row-manager.js";
import { managerOptions, type EngineTarget } from "./engine-options.js";

const [url = "", rootKey = "", library = ""] = process.argv.slice(2);
const target: EngineTarget = { url, rootKey, library };
const notify = (notice: Notice): void => void process.send?.(notice);
const neighbours = new Neighbours(managerOptions(target), notify);
let row: Row | undefined;

function current(): Row {
  if (row === undefined) throw new Error("no row");
  return row;
}

const commands: Commands = {
  neighbours: (count) => neighbours.link(count),
  measure: async (withSibling) =>
    neighbours.measure(withSibling ? () => current().socketOf("sibling") : undefined),
  measured: (count) => neighbours.measured(count),
  row: async (options) => {
    row = await Row.open(managerOptions(target), options, notify);
  },
  act: (who, what, limitMs, argument) => timed(what, limitMs, () => current().act(who, what, argument)),
  connected: (who, timeoutMs) => current().connected(who, timeoutMs),
  heard: (text, timeoutMs) => current().heard(text, timeoutMs),
  held: async () => held(),
  setClock: async (aheadMs) => setClock(aheadMs),
  setDisk: async (how) => DISK.present.become(how),
  talk: async (bytes) => {
    process.stderr.write(`${"x".repeat(bytes)}\n`);
  },
};

/** Settles also when the action never does. */
function timed(what: Act, limitMs: number, work: () => Promise<unknown>): Promise<Ended> {
  const begun = performance.now();
  const ended = (code: string): Ended => ({ what, limitMs, code, ms: Math.round(performance.now() - begun) });
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(ended("HUNG")), limitMs);
    work()
      .then(
        () => resolve(ended("ok")),
        (error: unknown) => resolve(ended(isZpwootError(error) ? error.code : `? ${String(error)}`)),
      )
      .finally(() => clearTimeout(timer));
  });
}

function held(): Held {
  const folder = tmpdir();
  const open = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(join("/proc/self/fd", descriptor));
    } catch {
      return "";
    }
  });
  return {
    sockets: open.filter((file) => file.startsWith("socket:")).length,
    files: open.filter((file) => file.startsWith(folder)).length + readdirSync(folder).length,
  };
}

interface Call {
  readonly id: number;
  readonly name: keyof Commands;
  readonly args: readonly unknown[];
}

process.on("message", ({ id, name, args }: Call) => {
  const command = commands[name].bind(commands) as (...given: readonly unknown[]) => Promise<unknown>;
  command(...args).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
