/** `zpwoot cluster status | drain <node>`: looks at the nodes that share a store, beside them, and takes one out of work. */
import { drainNode } from "../cluster/drain.js";
import { requireShareable } from "../cluster/refusals.js";
import { askToDrain, lookAt, readCluster, type StoredCluster } from "../cluster/stored-nodes.js";
import { hintFor } from "../api/check-options.js";
import { ZpwootError } from "../errors.js";
import { lineLogger } from "../manager/default-logger.js";
import { presentOwner } from "../ownership/owner-store.js";
import { openStore } from "../store/open-store.js";
import type { Store } from "../store/store.js";
import { parseFlags } from "./flags.js";
import { configOf, processSources } from "./read-config.js";
import { SETTING_FLAGS, SETTING_SWITCHES } from "./settings.js";

const USAGE = "zpwoot cluster status [--json] | drain <node>";
/** Between two looks at a node that drains. */
const LOOK_MS = 300;
/** Letters of a node's id that are shown: enough to tell nodes apart. */
const SHOWN = 8;

type Node = StoredCluster["nodes"][number];

/** Runs one of the commands on the store of the settings. Rejects with `INVALID_OPTION` for a wrong command line or store. */
export async function clusterCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { flags, positionals } = parseFlags(args, {
    flags: [...SETTING_FLAGS, "json"],
    switches: [...SETTING_SWITCHES, "json"],
    positionals: 2,
  });
  const [action, node] = positionals;
  const isStatus = action === "status" && node === undefined;
  if (!isStatus && (action !== "drain" || node === undefined)) throw invalid(`usage: ${USAGE}`);
  const { store: place, encryptionKeys = [] } = (await configOf(flags, processSources())).config;
  const store = openStore(place, { logger: lineLogger(), encryptionKeys });
  try {
    requireShareable(store);
    if (node !== undefined) return await drain(store, node, print);
    const cluster = await readCluster(store);
    if (flags["json"] === "true") return print(JSON.stringify(cluster, undefined, 2));
    for (const line of await statusLines(store, cluster)) print(line);
  } finally {
    await store.close();
  }
}

async function statusLines(store: Store, { nodes, sessions }: StoredCluster): Promise<readonly string[]> {
  const waiting = `${sessions.total} sessions, ${sessions.unowned} of them without a node`;
  if (nodes.length > 0) return [...table([HEAD, ...nodes.map(row)]), waiting];
  const owner = await presentOwner(store);
  const alone =
    owner && `process ${owner.pid} on ${owner.host} runs all sessions alone, since ${owner.since}`;
  return [alone ?? "no node runs on this store now", waiting];
}

const HEAD = ["node", "name", "state", "sessions", "weight", "heard", "since", "process", "version"];

function row(node: Node): readonly string[] {
  const { id, name, state, sessions, weight, silentMs, since, pid, host, version } = node;
  const heard = `${(silentMs / 1_000).toFixed(1)} s ago`;
  return [
    ...[id.slice(0, SHOWN), name, state, String(sessions), String(weight), heard, since],
    ...[`${pid} on ${host}`, version],
  ];
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

async function drain(store: Store, given: string, print: (line: string) => void): Promise<void> {
  const { id, name, sessions } = found((await readCluster(store)).nodes, given);
  print(`node ${id.slice(0, SHOWN)} (${name}) gives ${sessions} sessions to the others…`);
  await drainNode(
    {
      look: () => lookAt(store),
      ask: async () => void (await askToDrain(store, id)),
      pauseMs: LOOK_MS,
      signal: new AbortController().signal,
    },
    id,
  );
  print("it has none left, and takes none until it is started again");
}

/** The node whose id begins so, or with that name. Throws `INVALID_OPTION` when there is none, or more than one. */
function found(nodes: readonly Node[], given: string): Node {
  const exact = nodes.find(({ id }) => id === given);
  const meant =
    exact === undefined ? nodes.filter(({ id, name }) => name === given || id.startsWith(given)) : [exact];
  const [node] = meant;
  if (node === undefined) {
    const hint = hintFor(
      given,
      nodes.map(({ name }) => name),
    );
    throw invalid(
      `there is no node ${JSON.stringify(given)}${nodes.length === 0 ? ": no node runs now" : hint}`,
    );
  }
  if (meant.length > 1) {
    const ids = meant.map(({ id, name }) => `${id.slice(0, SHOWN)} (${name})`).join(", ");
    throw invalid(`${JSON.stringify(given)} names ${meant.length} nodes: ${ids}. Give more of the id`);
  }
  return node;
}

function invalid(sentence: string): ZpwootError {
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
