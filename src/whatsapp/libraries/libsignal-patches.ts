/**
 * Fixes four defects of libsignal, and one of whaileys, in memory while they are loaded; the files on disk are not changed (docs/protocol.md#library-quirks, 4
 * and 5). A libsignal that the host loaded earlier is not fixed.
 *
 * It prints whole session records, private ratchet keys included, with console.info and console.warn. Its files get a silent `console`
 * of their own; the host's is not changed. So do those of whaileys that print: every media message wrote two lines to standard output,
 * and the second line to an output that was closed, or to a disk that is full, ends a Node process.
 *
 * It queues work by contact for the whole process, so a store that hangs for one session delays that contact's messages to every
 * other session. Each session gets its own queues; within a session the order stays.
 *
 * It takes the signed pre-key of any bundle for valid. A bad signature is refused here (signature-checks.ts). That it also makes the key of
 * a socket's handshake is used to check the server (handshake-keys.ts).
 *
 * A late message of an older session with a device destroys the current one: what can't be read leaves a session as it was
 * (unread-sessions.ts).
 *
 * Its curve is slow, and is replaced by one with the same results (fast-curve.ts).
 */
import Module from "node:module";
import { dirname } from "node:path";
import { isZpwootError } from "../../errors.js";
import { currentFanOut } from "../fan-out.js";
import { quickenCurve, type FastCurve } from "./fast-curve.js";
import { watchKeyPairs, type KeyMaker } from "./handshake-keys.js";
import { checkPreKeys, type Curve } from "./signature-checks.js";
import { keepUnreadSessions, type SessionCipherClass } from "./unread-sessions.js";

type Compile = (this: NodeJS.Module, source: string, filename: string, ...rest: unknown[]) => unknown;
type Queue = (bucket: unknown, job: () => Promise<unknown>) => Promise<unknown>;

/** The Signal address of a device. */
interface Address {
  toString(): string;
}

interface Storage {
  getOurIdentity?: () => { readonly pubKey?: Uint8Array };
}

type Method = (this: { readonly storage: Storage; readonly addr: Address }, ...args: unknown[]) => unknown;

/** Makes a session with a device from its bundle of keys. */
const START_SESSION = "initOutgoing";

/** The methods that add to a queue, by the file of their class. Each does so synchronously. */
const QUEUEING_METHODS: ReadonlyMap<string, string> = new Map([
  ["session_builder", START_SESSION],
  ["session_cipher", "queueJob"],
]);

const LIBSIGNAL = /[\\/]libsignal[\\/]/;
const CURVE = /[\\/]libsignal[\\/]src[\\/]curve\.js$/;
const CIPHER = /[\\/]libsignal[\\/]src[\\/]session_cipher\.js$/;
/** Those that print; all of them are in strict mode. */
const TALKING_WHAILEYS = /[\\/]whaileys[\\/]lib[\\/]Utils[\\/](messages|business)\.js$/;
const SILENT_CONSOLE = "const console = new Proxy({}, { get: () => () => {} });";

/** The session whose job is being queued. */
let owner = "";
/** How many methods are patched, by the folder of the libsignal copy. With only some of them patched the order would break. */
const patchedMethods = new Map<string, number>();

/** How many callers want the patch; it is removed when none is left. */
let users = 0;
let original: Compile | undefined;

/** Patches every copy of libsignal, and whaileys, that is loaded until the returned function is called. */
export function patchLibsignal(): () => void {
  users += 1;
  if (users === 1) install();
  let released = false;
  return () => {
    if (released) return;
    released = true;
    users -= 1;
    if (users === 0) uninstall();
  };
}

const loader = Module.prototype as unknown as { _compile: Compile };

function install(): void {
  const compile = loader._compile;
  original = compile;
  loader._compile = function (source, filename, ...rest) {
    if (TALKING_WHAILEYS.test(filename))
      return compile.call(this, `"use strict";${SILENT_CONSOLE}${source}`, filename, ...rest);
    if (!LIBSIGNAL.test(filename)) return compile.call(this, source, filename, ...rest);
    const result = compile.call(this, `${SILENT_CONSOLE}${source}`, filename, ...rest);
    separateQueues(this, filename);
    if (CIPHER.test(filename)) keepUnreadSessions(this.exports as SessionCipherClass);
    if (CURVE.test(filename)) {
      quickenCurve(this.exports as FastCurve);
      checkPreKeys(this.exports as Curve);
      watchKeyPairs(this.exports as KeyMaker);
    }
    return result;
  };
}

function uninstall(): void {
  if (original !== undefined) loader._compile = original;
  original = undefined;
}

/** Patches the exports of a libsignal file after it has run and before its importer receives them. */
function separateQueues(module: NodeJS.Module, filename: string): void {
  const folder = dirname(filename);
  const name = /([^\\/]+)\.js$/.exec(filename)?.[1] ?? "";
  if (name === "queue_job" && typeof module.exports === "function") {
    const queue = module.exports as Queue;
    module.exports = ((bucket, job) => {
      const separate = patchedMethods.get(folder) === QUEUEING_METHODS.size;
      return queue(separate ? `${owner} ${String(bucket)}` : bucket, job);
    }) satisfies Queue;
  }
  const method = QUEUEING_METHODS.get(name);
  if (method === undefined) return;
  const { prototype } = module.exports as { readonly prototype?: Record<string, Method> };
  const unpatched = prototype?.[method];
  if (prototype === undefined || unpatched === undefined) return;
  prototype[method] = withOwner(method === START_SESSION ? sparing(unpatched) : unpatched);
  patchedMethods.set(folder, (patchedMethods.get(folder) ?? 0) + 1);
}

/** Wraps a method so that its job is queued under the session it belongs to. */
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

/** Wraps the start of a session: while a message goes to many devices, one with a bad signature is left out, and no error. */
function sparing(start: Method): Method {
  return async function (...args) {
    try {
      await start.apply(this, args);
    } catch (error) {
      const fanOut = currentFanOut();
      if (fanOut === undefined || !isZpwootError(error, "BAD_SIGNATURE")) throw error;
      fanOut.refuse(this.addr.toString());
    }
  };
}

/** Identifies a session by its public identity key, because every call has a new storage object. */
function identityOf(storage: Storage): string {
  const { pubKey } = storage.getOurIdentity?.() ?? {};
  return pubKey === undefined ? "" : Buffer.from(pubKey).toString("base64");
}
