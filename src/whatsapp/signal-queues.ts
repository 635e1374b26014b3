/**
 * libsignal does its work on a contact in one queue per contact, for the whole process: a store that hangs for one
 * session held back that contact's messages to every other session (whatsapp-protocol.md section 11, hazard 4). Here each
 * session gets queues of its own; within a session the order stays.
 */

type Queue = (bucket: unknown, job: () => Promise<unknown>) => Promise<unknown>;

interface Storage {
  getOurIdentity?: () => { readonly pubKey?: Uint8Array };
}

/** A class of libsignal that queues: its methods reach the queue in the same turn in which they are called. */
interface QueueUser {
  readonly prototype: Record<string, (this: { readonly storage: Storage }, ...args: unknown[]) => unknown>;
}

/** Node's `require`, or one made for a file. */
type Require = Pick<NodeJS.Require, "resolve" | "cache"> & ((id: string) => unknown);

/** The methods that queue, by the file of their class. */
const QUEUEING = { session_builder: "initOutgoing", session_cipher: "queueJob" } as const;

/** Whose job is being queued. */
let owner = "";

/**
 * Separates the queues of the libsignal that `requireBy` finds. Without effect when that was loaded before (its classes
 * hold the one queue already, and half a change would break the order) or is not laid out as we know it.
 */
export function separateSignalQueues(requireBy: Require): void {
  let files: readonly [queue: string, ...users: string[]];
  try {
    const find = (name: string): string => requireBy.resolve(`libsignal/src/${name}`);
    files = [find("queue_job"), ...Object.keys(QUEUEING).map(find)];
  } catch {
    return;
  }
  if (files.some((file) => requireBy.cache[file] !== undefined)) return;
  const [queueFile] = files;
  const queue = requireBy(queueFile) as Queue;
  const module = requireBy.cache[queueFile];
  if (module === undefined) return;
  module.exports = ((bucket, job) => queue(`${owner} ${String(bucket)}`, job)) satisfies Queue;
  const users = Object.entries(QUEUEING).map(([name, method]) => {
    const { prototype } = requireBy(`libsignal/src/${name}`) as QueueUser;
    return { prototype, method, original: prototype[method] };
  });
  // All or none: two queues for one contact of one session would break the order.
  if (users.some(({ original }) => original === undefined)) return;
  for (const { prototype, method, original } of users) {
    prototype[method] = function (...args) {
      owner = identityOf(this.storage);
      try {
        return original?.apply(this, args);
      } finally {
        owner = "";
      }
    };
  }
}

/** The session's public identity key: its storage object is another one at every call. */
function identityOf(storage: Storage): string {
  const { pubKey } = storage.getOurIdentity?.() ?? {};
  return pubKey === undefined ? "" : Buffer.from(pubKey).toString("base64");
}
