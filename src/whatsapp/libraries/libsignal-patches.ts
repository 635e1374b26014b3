/**
 * Two defects of libsignal, cured in memory while it is loaded; the files on disk stay as they are.
 *
 * It prints whole session records, private ratchet keys included, with console.info and console.warn: its files get a silent
 * `console` of their own, the host's is not touched.
 *
 * It does its work on a contact in one queue per contact, for the whole process: a store that hangs for one session held back
 * that contact's messages to every other session (whatsapp-protocol.md section 11, hazard 4). Here each session gets queues of its
 * own; within a session the order stays.
 *
 * Both are without effect on a libsignal that the host has loaded before.
 */
import Module from "node:module";
import { dirname } from "node:path";

type Compile = (this: NodeJS.Module, source: string, filename: string, ...rest: unknown[]) => unknown;
type Queue = (bucket: unknown, job: () => Promise<unknown>) => Promise<unknown>;

interface Storage {
  getOurIdentity?: () => { readonly pubKey?: Uint8Array };
}

type Method = (this: { readonly storage: Storage }, ...args: unknown[]) => unknown;

/** The methods that queue, by the file of their class: each reaches the queue in the same turn in which it is called. */
const QUEUEING: ReadonlyMap<string, string> = new Map([
  ["session_builder", "initOutgoing"],
  ["session_cipher", "queueJob"],
]);

const LIBSIGNAL = /[\\/]libsignal[\\/]/;
const SILENT = "const console = new Proxy({}, { get: () => () => {} });";

/** Whose job is being queued. */
let owner = "";
/** How many of a copy's classes tell whose job they queue, by the copy's folder. Some but not all would break the order. */
const telling = new Map<string, number>();

let holders = 0;
let original: Compile | undefined;

/** Cures every copy of libsignal that is loaded from now on, until the function it gives is called. */
export function cureLibsignal(): () => void {
  holders += 1;
  if (holders === 1) install();
  let released = false;
  return () => {
    if (released) return;
    released = true;
    holders -= 1;
    if (holders === 0) uninstall();
  };
}

const loader = Module.prototype as unknown as { _compile: Compile };

function install(): void {
  const compile = loader._compile;
  original = compile;
  loader._compile = function (source, filename, ...rest) {
    if (!LIBSIGNAL.test(filename)) return compile.call(this, source, filename, ...rest);
    const result = compile.call(this, `${SILENT}${source}`, filename, ...rest);
    separateQueues(this, filename);
    return result;
  };
}

function uninstall(): void {
  if (original !== undefined) loader._compile = original;
  original = undefined;
}

/** Called with each file of libsignal when it was run, before whoever requires it gets its exports. */
function separateQueues(module: NodeJS.Module, filename: string): void {
  const folder = dirname(filename);
  const name = /([^\\/]+)\.js$/.exec(filename)?.[1] ?? "";
  if (name === "queue_job" && typeof module.exports === "function") {
    const queue = module.exports as Queue;
    module.exports = ((bucket, job) => {
      const own = telling.get(folder) === QUEUEING.size;
      return queue(own ? `${owner} ${String(bucket)}` : bucket, job);
    }) satisfies Queue;
  }
  const method = QUEUEING.get(name);
  if (method === undefined) return;
  const { prototype } = module.exports as { readonly prototype?: Record<string, Method> };
  const queueing = prototype?.[method];
  if (prototype === undefined || queueing === undefined) return;
  prototype[method] = withOwner(queueing);
  telling.set(folder, (telling.get(folder) ?? 0) + 1);
}

/** The method, which says whose session it works for while it queues. */
function withOwner(method: Method): Method {
  return function (...args) {
    owner = identityOf(this.storage);
    try {
      return method.apply(this, args);
    } finally {
      owner = "";
    }
  };
}

/** The session's public identity key: its storage object is another one at every call. */
function identityOf(storage: Storage): string {
  const { pubKey } = storage.getOurIdentity?.() ?? {};
  return pubKey === undefined ? "" : Buffer.from(pubKey).toString("base64");
}
