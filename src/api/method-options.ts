/** The options of a manager's methods, checked: a misspelt one must not pass for done. */
import * as z from "zod";
import type {
  ImportOptions,
  OnProgress,
  RemovalOptions,
  RestoreSnapshotOptions,
  TakeSnapshotOptions,
} from "./backup.js";
import { ZpwootError } from "../errors.js";
import { checkName, checkOptionsOf, option, optionsSchema, type OptionFields } from "./check-options.js";
import { SESSION_EVENT_NAMES } from "./event-names.js";
import type { EventStreamOptions } from "./event-stream.js";
import type { OpenMediaOptions } from "./media.js";
import type { ConnectOptions, PairOptions, QRCodeOptions, WaitOptions } from "./sessions-api.js";

const string = z.string({ error: "must be a string" });
const strings = z.array(string, { error: "must be a list of strings" });

const removal = optionsSchema({ tombstone: option.flag.optional() } satisfies OptionFields<RemovalOptions>);

const SCHEMAS = {
  logout: removal,
  delete: removal,
  connect: optionsSchema({
    maxQrs: option.count.optional(),
    timeoutMs: option.count.optional(),
    signal: option.signal.optional(),
  } satisfies OptionFields<ConnectOptions>),
  pair: optionsSchema({
    code: string.optional(),
    force: option.flag.optional(),
  } satisfies OptionFields<PairOptions>),
  getQRCode: optionsSchema({
    after: option.countFromZero.optional(),
    timeoutMs: option.timeoutMs.optional(),
    signal: option.signal.optional(),
  } satisfies OptionFields<QRCodeOptions>),
  waitFor: optionsSchema({
    signal: option.signal.optional(),
    timeoutMs: option.timeoutMs.optional(),
  } satisfies OptionFields<WaitOptions>),
  openMedia: optionsSchema({
    signal: option.signal.optional(),
  } satisfies OptionFields<OpenMediaOptions>),
  events: optionsSchema({
    sessionIds: strings.optional(),
    events: strings.optional(),
    after: string.optional(),
    signal: option.signal.optional(),
  } satisfies OptionFields<EventStreamOptions>),
  exportCredentials: optionsSchema({ passphrase: string }),
  importCredentials: optionsSchema({
    passphrase: string,
    force: option.flag.optional(),
  } satisfies OptionFields<ImportOptions>),
  importAuthFolder: optionsSchema({ force: option.flag.optional() }),
  takeSnapshot: optionsSchema({
    onProgress: z
      .custom<OnProgress>((value) => typeof value === "function", { error: "must be a function" })
      .optional(),
  } satisfies OptionFields<TakeSnapshotOptions>),
  restoreSnapshot: optionsSchema({
    sessionId: string,
    passphrase: string.optional(),
    force: option.flag.optional(),
  } satisfies OptionFields<RestoreSnapshotOptions>),
} as const;

/**
 * Checks the options of a method.
 * @throws ZpwootError `INVALID_INPUT`, with one sentence per broken rule in `details`.
 */
export function checkMethodOptions(method: keyof typeof SCHEMAS, options: unknown): void {
  checkOptionsOf(`options of ${method}`, SCHEMAS[method], options);
}

/**
 * Checks what is handed to `on`, `once` and `off`: in plain JavaScript, a listener of a misspelt name would never be called.
 * @throws ZpwootError `INVALID_INPUT`.
 */
export function checkListener(event: unknown, listener: unknown): void {
  checkName("event", event, SESSION_EVENT_NAMES);
  if (typeof listener === "function") return;
  throw new ZpwootError("INVALID_INPUT", "listener must be a function");
}
