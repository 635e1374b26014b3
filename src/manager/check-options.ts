/** The checks of a manager's options: every wrong or unknown one is named at construction. */
import * as z from "zod";
import type { SnapshotsOption, TombstonesOption } from "../api/backup.js";
import { checkOptionsOf, option, optionsSchema, type OptionFields } from "../api/check-options.js";
import type { Logger } from "../api/logger.js";
import type { MessagesOptions, PaceOptions } from "../api/messages.js";
import type { ClusterPlan } from "../cluster/ports.js";
import { ZpwootError } from "../errors.js";
import type { OwnershipOptions } from "../ownership/ownership.js";
import type {
  ChecksOptions,
  EventLogOption,
  LinkingOptions,
  MediaOptions,
  ReconnectOptions,
  RestoreOptions,
  SentMessagesOptions,
  SessionManagerOptions,
  WhatsAppOptions,
} from "./options.js";
import type { SocketFactoryOption } from "../whatsapp/library.js";
import { checksOf } from "./whatsapp-config.js";

const STORE =
  'must be a URL ("memory:", "lmdb:<directory>", "postgres://…", "redis://…"), a Keyv, a Keyv storage adapter, or a Map';
const LOGGER = "must be pino-compatible (an object with debug, info, warn and error methods), or false";
const SOCKET_FACTORY =
  'must be a SocketFactory or a function that returns one, such as baileys7(() => import("baileys"))';
const VERSION = "must be three numbers, or a function that returns them";
const BROWSER = "must be a list of three texts: system, browser, system version";
const ROOT_KEY = "must be a key of 32 bytes, as bytes or hex";
const UNKNOWN_ROOT =
  "can't be enforced for a url that is not WhatsApp's own, unless whatsapp.noiseRootKey says which root its certificates have";
const KEYS = "must be a list of keys of 32 bytes, each as bytes, base64 or hex";
const CLUSTER = 'must be made by cluster() of "zpwoot/cluster"';
const EVENT_LOG =
  "must be false, or an object with keep (a positive whole number) and durable (true or false)";

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === "function");
}

function isVersion(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === "number");
}

const functionSchema = z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", {
  error: "must be a function",
});

const loggerSchema = z.custom<Logger | false>(
  (value) => value === false || hasMethods(value, ["debug", "info", "warn", "error"]),
  { error: LOGGER },
);

const socketFactorySchema = z.custom<SocketFactoryOption>(
  (value) =>
    typeof value === "function" ||
    hasMethods(value, ["makeSocket", "webSocketOf", "initAuthCreds", "reviveAppStateSyncKey"]),
  { error: SOCKET_FACTORY },
);

const clusterSchema = z.custom<ClusterPlan>(
  (value) => (value as Partial<ClusterPlan> | null)?.kind === "zpwoot-cluster" && hasMethods(value, ["open"]),
  { error: CLUSTER },
);

const linkingSchema = optionsSchema({
  maxQrs: option.count.optional(),
  timeoutMs: option.count.optional(),
} satisfies OptionFields<LinkingOptions>);

const modeSchema = z.enum(["report", "enforce"], { error: 'must be "report" or "enforce"' });

const checksSchema = optionsSchema({
  accountSignature: modeSchema.optional(),
  noiseCertificate: modeSchema.optional(),
} satisfies OptionFields<ChecksOptions>);

const rootKeySchema = z.custom<Uint8Array | string>(
  (value) => (value instanceof Uint8Array ? value.length === 32 : /^[\da-f]{64}$/i.test(String(value))),
  { error: ROOT_KEY },
);

const whatsappSchema = optionsSchema({
  url: z.url({ protocol: /^wss?$/, error: "must be a ws:// or wss:// URL" }).optional(),
  mediaUrl: z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }).optional(),
  socketFactory: socketFactorySchema.optional(),
  patches: option.flag.optional(),
  version: z
    .custom<WhatsAppOptions["version"]>((value) => typeof value === "function" || isVersion(value), {
      error: VERSION,
    })
    .optional(),
  checks: checksSchema.optional(),
  noiseRootKey: rootKeySchema.optional(),
  linking: linkingSchema.optional(),
  qrFormat: z.enum(["bare", "url"], { error: 'must be "bare" or "url"' }).optional(),
  browser: z.tuple([z.string(), z.string(), z.string()], { error: BROWSER }).optional(),
  connectTimeoutMs: option.count.optional(),
  loginTimeoutMs: option.count.optional(),
  unlinkTimeoutMs: option.count.optional(),
  deafTimeoutMs: option.count.optional(),
  qrTimeoutMs: option.count.optional(),
  keepAliveIntervalMs: option.count.optional(),
  syncHistory: option.flag.optional(),
  markOnline: option.flag.optional(),
  allowPrivateProxies: option.flag.optional(),
  getMessage: functionSchema.optional(),
} satisfies OptionFields<WhatsAppOptions>);

const reconnectSchema = optionsSchema({
  firstDelayMs: option.count.optional(),
  maxDelayMs: option.count.optional(),
  stableAfterMs: option.count.optional(),
  maxAttempts: option.count.optional(),
} satisfies OptionFields<ReconnectOptions>);

const notEmpty = z.string({ error: "must be a text" }).min(1, "must not be empty");

const snapshotsSchema = optionsSchema({
  directory: notEmpty,
  passphrase: notEmpty,
  intervalMs: option.count.optional(),
  keep: option.count.optional(),
} satisfies OptionFields<SnapshotsOption>);

const eventLogSchema = optionsSchema(
  {
    keep: option.count.optional(),
    durable: option.flag.optional(),
  } satisfies OptionFields<EventLogOption>,
  EVENT_LOG,
);

const above0 = z.number({ error: "must be a number above 0" }).positive("must be a number above 0");
const share = z.number({ error: "must be a number from 0 to 1" }).min(0, "must be a number from 0 to 1");
const factor = z.number({ error: "must be a number from 1" }).min(1, "must be a number from 1");

const messagesSchema = optionsSchema({
  pace: optionsSchema({
    perMinute: z.union([above0, z.literal(Infinity)], { error: "must be a number above 0" }).optional(),
    jitter: share.max(1, "must be a number from 0 to 1").optional(),
    firstContact: factor.optional(),
  } satisfies OptionFields<PaceOptions>).optional(),
  keep: option.count.optional(),
  keepMs: option.count.optional(),
  maxQueued: option.count.optional(),
  maxQueuedBytes: option.count.optional(),
} satisfies OptionFields<MessagesOptions>);

const schema = optionsSchema({
  store: z
    .custom<string | object>(
      (value) => typeof value === "string" || (typeof value === "object" && value !== null),
      { error: STORE },
    )
    .optional(),
  encryptionKeys: z
    .array(z.union([z.string(), z.instanceof(Uint8Array)], { error: KEYS }), { error: KEYS })
    .optional(),
  snapshots: snapshotsSchema.optional(),
  tombstones: optionsSchema({
    keepMs: option.countFromZero.optional(),
  } satisfies OptionFields<TombstonesOption>).optional(),
  logger: loggerSchema.optional(),
  whatsapp: whatsappSchema.optional(),
  reconnect: reconnectSchema.optional(),
  restore: optionsSchema({
    concurrency: option.count.optional(),
  } satisfies OptionFields<RestoreOptions>).optional(),
  ownership: optionsSchema({
    wait: option.flag.optional(),
  } satisfies OptionFields<OwnershipOptions>).optional(),
  cluster: clusterSchema.optional(),
  media: optionsSchema({
    maxBytes: option.count.optional(),
    maxTotalBytes: option.count.optional(),
    allowPrivateSources: option.flag.optional(),
  } satisfies OptionFields<MediaOptions>).optional(),
  sentMessages: optionsSchema({
    keep: option.count.optional(),
    maxBytes: option.count.optional(),
    maxAgeMs: option.count.optional(),
    durable: option.flag.optional(),
  } satisfies OptionFields<SentMessagesOptions>).optional(),
  messages: messagesSchema.optional(),
  // Checked where they are used, with the same words.
  webhooks: z.looseObject({}, { error: "must be an object" }).optional(),
  eventLog: z
    .preprocess((value) => (value === false ? undefined : value), eventLogSchema.optional())
    .optional(),
} satisfies OptionFields<SessionManagerOptions>);

/** The name of every option. */
export const MANAGER_OPTION_NAMES: readonly string[] = Object.keys(schema.shape);

/**
 * Checks the options of a manager.
 * @throws ZpwootError `INVALID_OPTION`, with one sentence per broken rule, each naming the option.
 */
export function checkOptions(options: unknown): void {
  checkOptionsOf("options", schema, options, "INVALID_OPTION");
  const { noiseCertificate, rootKey } = checksOf(options as SessionManagerOptions);
  if (noiseCertificate !== "enforce" || rootKey !== undefined) return;
  const sentence = `whatsapp.checks.noiseCertificate ${UNKNOWN_ROOT}`;
  throw new ZpwootError("INVALID_OPTION", `Invalid options: ${sentence}`, { details: [sentence] });
}
