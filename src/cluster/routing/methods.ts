/** The methods of a manager that take a session's id, and what may be done when nobody knows whether one was carried out. */
import { randomUUID } from "node:crypto";
import { OWN_KEY, type SendMessageOptions } from "../../api/messages.js";
import { COMMAND_MS } from "../../async/command-deadline.js";

/** How a method is called for a session of another node. */
export interface RoutedMethod {
  /**
   * `read` and `command` may be asked for twice: reads change nothing, commands are idempotent. `once` is never run twice: it rejects
   * when it may have been carried out.
   */
  readonly kind: "read" | "command" | "once";
  /** How long it may take, in milliseconds, looking for its session not included. Default: as any command. */
  readonly ms?: (args: readonly unknown[]) => number;
  /** Whether one of the kind `once` may be run again with these arguments all the same. */
  readonly repeats?: (args: readonly unknown[]) => boolean;
  /** What another node gets instead of the arguments: what may be run again. */
  readonly prepared?: (args: readonly unknown[]) => readonly unknown[];
  /** Its signal ends what goes on after it has settled. */
  readonly keepsSignal?: true;
  /** Its result lives on: what of it is made here of what came. */
  readonly revived?: (result: unknown) => unknown;
  /** It is no method of the manager, but something that its parts ask each other. */
  readonly inner?: true;
  /** It can't work from afar: what to do instead. */
  readonly instead?: string;
}

/** Of a message without options, with a file. */
const SEND_MS = 120_000;
const UNLINK_MS = 60_000;
const BACKUP_MS = 600_000;
const DOWNLOAD_MS = 600_000;
const CALL_MS = 20_000;

function numberIn(options: unknown, field: string, otherwise: number): number {
  const value = (options as Readonly<Record<string, unknown>> | undefined)?.[field];
  return typeof value === "number" && value >= 0 ? value : otherwise;
}

/** Calls of WhatsApp's; their options are the last argument. */
function whatsApp(kind: RoutedMethod["kind"], optionsAt: number): RoutedMethod {
  return { kind, ms: (args) => numberIn(args[optionsAt], "timeoutMs", CALL_MS) + COMMAND_MS };
}

/** A stream that travelled has a way to drop it, which functions have not. */
function withDiscard(result: unknown): unknown {
  const opened = result as { readonly body: AsyncGenerator<Uint8Array, void, undefined> };
  let isTaken = false;
  const body = {
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
      isTaken = true;
      return opened.body;
    },
  };
  const discard = (): void => {
    const end = async (): Promise<void> => {
      // A generator that was never asked has nothing to end.
      if (!isTaken) await opened.body.next();
      await opened.body.return();
    };
    end().catch(() => {});
  };
  return { ...opened, body, discard };
}

/** Whether a message has a key, which makes it one however often it is handed over. */
function hasKey([, , , options]: readonly unknown[]): boolean {
  return typeof (options as SendMessageOptions | undefined)?.idempotencyKey === "string";
}

function withKey(args: readonly unknown[]): readonly unknown[] {
  const [id, to, content, options] = args;
  if (hasKey(args) || (options !== undefined && typeof options !== "object")) return args;
  return [id, to, content, { ...options, idempotencyKey: `${OWN_KEY}${randomUUID()}` }];
}

const READ = { kind: "read" } as const satisfies RoutedMethod;
const COMMAND = { kind: "command" } as const satisfies RoutedMethod;

/** What nodes ask each other, by name; none is about one session. */
export const NODE_METHODS: Readonly<Record<string, true>> = {
  "node.summaries": true,
  "node.events": true,
  "node.hello": true,
};

/** What nodes tell each other, by name: there is no answer, and it may be lost. */
export const NODE_NOTES: Readonly<Record<string, true>> = { "node.events.ask": true };

/** By name; those of `groups`, `contacts` and `chats` with a dot. */
export const METHODS: Readonly<Record<string, RoutedMethod>> = {
  update: COMMAND,
  get: READ,
  getStatus: READ,
  getQRCode: { kind: "read", ms: ([, options]) => numberIn(options, "timeoutMs", 0) + COMMAND_MS },
  connect: { kind: "command", keepsSignal: true },
  disconnect: COMMAND,
  restart: COMMAND,
  logout: { kind: "command", ms: () => COMMAND_MS + UNLINK_MS },
  delete: { kind: "command", ms: () => COMMAND_MS + UNLINK_MS },
  pair: { kind: "command", ms: () => 2 * COMMAND_MS },
  waitFor: { kind: "read", ms: ([, , options]) => numberIn(options, "timeoutMs", COMMAND_MS) },
  socket: {
    kind: "read",
    instead: "use sendMessage and the manager's other methods, which work on every node",
  },
  sendMessage: {
    kind: "once",
    repeats: hasKey,
    prepared: withKey,
    ms: ([, , , options]) => numberIn(options, "timeoutMs", SEND_MS) + COMMAND_MS,
  },
  getMessage: READ,
  downloadMedia: { kind: "read", ms: () => DOWNLOAD_MS },
  downloadMediaTo: { kind: "read", instead: "use openMedia, which works on every node, and write its body" },
  openMedia: { kind: "read", ms: () => COMMAND_MS + CALL_MS, keepsSignal: true, revived: withDiscard },
  listFailedDeliveries: READ,
  redeliver: COMMAND,
  getEvent: READ,
  "session.events": { kind: "read", keepsSignal: true, inner: true },
  exportCredentials: { kind: "read", ms: () => BACKUP_MS },
  importCredentials: { kind: "command", ms: () => BACKUP_MS },
  importAuthFolder: {
    kind: "command",
    instead: "call it on the node that has the folder and runs the session",
  },
  countKeys: { kind: "read", ms: () => BACKUP_MS },
  "groups.list": whatsApp("read", 1),
  "groups.get": whatsApp("read", 2),
  "groups.create": whatsApp("once", 2),
  "groups.updateParticipants": whatsApp("once", 4),
  "groups.setSubject": whatsApp("command", 3),
  "groups.inviteCode": whatsApp("read", 2),
  "groups.revokeInviteCode": whatsApp("once", 2),
  "groups.acceptInvite": whatsApp("command", 2),
  "contacts.isOnWhatsApp": whatsApp("read", 2),
  "contacts.profilePicture": whatsApp("read", 2),
  "contacts.block": whatsApp("command", 2),
  "contacts.unblock": whatsApp("command", 2),
  "contacts.blocked": whatsApp("read", 1),
  "chats.setPresence": whatsApp("command", 2),
  "chats.setActivity": whatsApp("command", 3),
  "chats.markRead": whatsApp("command", 2),
};
