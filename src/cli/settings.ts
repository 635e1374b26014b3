/**
 * The settings of `zpwoot serve` that have a flag and an environment variable. Help, docs/configuration.md and examples/.env.example are
 * made from this table; a configuration file reaches these and every other option.
 */
import type * as z from "zod";
import type { ServeConfig } from "./serve-config.js";
import { LOG_LEVELS, rules } from "./setting-rules.js";

/** What is read, and what it means in a configuration. */
interface Setting<Rule extends z.ZodType> {
  /** Without the dashes. */
  readonly flag: string;
  readonly env: string;
  readonly rule: Rule;
  /** What it does; the default in parentheses. */
  readonly help: string;
  /** The option of the configuration file that it sets. */
  readonly option: string;
  /** What a configuration file would say for the value. */
  readonly config: (value: z.output<Rule>) => ServeConfig;
  /** Whether the flag may stand alone. */
  readonly alone?: true;
  /** For the example of a `.env` file. */
  readonly example?: string;
}

function setting<Rule extends z.ZodType>(parts: Setting<Rule>): Setting<Rule> {
  return parts;
}

const MS_PER_DAY = 86_400_000;
const ENFORCED = { accountSignature: "enforce", noiseCertificate: "enforce" } as const;
const REPORTED = { accountSignature: "report", noiseCertificate: "report" } as const;

/** Each setting with its flag, environment variable, rule and description. */
export const SETTINGS = {
  config: setting({
    flag: "config",
    env: "ZPWOOT_CONFIG",
    rule: rules.text,
    help: "configuration file (zpwoot.config.ts, .mts, .js, .mjs, .cjs or .json here)",
    option: "",
    config: () => ({}),
    example: "./zpwoot.config.mjs",
  }),
  port: setting({
    flag: "port",
    env: "PORT",
    rule: rules.port,
    help: "port to listen on; 0 for any free port (3000)",
    option: "port",
    config: (port) => ({ port }),
    example: "3000",
  }),
  host: setting({
    flag: "host",
    env: "HOST",
    rule: rules.text,
    help: "address to listen on; 0.0.0.0 for all of them (127.0.0.1)",
    option: "host",
    config: (host) => ({ host }),
    example: "127.0.0.1",
  }),
  apiKey: setting({
    flag: "api-key",
    env: "API_KEY",
    rule: rules.text,
    help: "key that clients send as X-API-Key; if unset, a random key is shown once",
    option: "http.apiKeys",
    config: (apiKeys) => ({ http: { apiKeys } }),
  }),
  store: setting({
    flag: "store",
    env: "ZPWOOT_STORE",
    rule: rules.text,
    help: "lmdb:path, memory:, postgres://… or redis://… (lmdb:.zpwoot)",
    option: "store",
    config: (store) => ({ store }),
    example: "lmdb:.zpwoot",
  }),
  wait: setting({
    flag: "wait",
    env: "ZPWOOT_WAIT",
    rule: rules.flag,
    help: "wait for the server that uses the store, and the port, to leave, as in a rolling deploy (false)",
    option: "ownership.wait",
    config: (wait) => ({ ownership: { wait } }),
    alone: true,
    example: "false",
  }),
  encryptionKeys: setting({
    flag: "encryption-keys",
    env: "ZPWOOT_ENCRYPTION_KEYS",
    rule: rules.list,
    help: "comma-separated 32-byte keys in base64 or hex, newest first (not encrypted)",
    option: "encryptionKeys",
    config: (encryptionKeys) => ({ encryptionKeys }),
  }),
  tombstoneDays: setting({
    flag: "tombstone-days",
    env: "ZPWOOT_TOMBSTONE_DAYS",
    rule: rules.days,
    help: "how long a copy of credentials is kept that were deleted; 0 for none (7)",
    option: "tombstones.keepMs",
    config: (days) => ({ tombstones: { keepMs: Math.round(days * MS_PER_DAY) } }),
    example: "7",
  }),
  backupDir: setting({
    flag: "backup-dir",
    env: "ZPWOOT_BACKUP_DIR",
    rule: rules.text,
    help: "folder for an encrypted snapshot of all sessions every six hours (none)",
    option: "snapshots.directory",
    config: (directory) => ({ snapshots: { directory } }),
  }),
  passphraseFile: setting({
    flag: "passphrase-file",
    env: "ZPWOOT_PASSPHRASE_FILE",
    rule: rules.text,
    help: "file with the passphrase of snapshots and exports; or set ZPWOOT_PASSPHRASE",
    option: "passphraseFile",
    config: (passphraseFile) => ({ passphraseFile }),
  }),
  library: setting({
    flag: "library",
    env: "ZPWOOT_LIBRARY",
    rule: rules.library,
    help: "whaileys or baileys (7), which you install beside zpwoot (whaileys)",
    option: "library",
    config: (library) => ({ library }),
    example: "whaileys",
  }),
  qrFormat: setting({
    flag: "qr-format",
    env: "ZPWOOT_QR_FORMAT",
    rule: rules.qrFormat,
    help: "text of QR codes: bare or url (bare)",
    option: "whatsapp.qrFormat",
    config: (qrFormat) => ({ whatsapp: { qrFormat } }),
    example: "bare",
  }),
  syncHistory: setting({
    flag: "sync-history",
    env: "ZPWOOT_SYNC_HISTORY",
    rule: rules.flag,
    help: "ask the phone for the chat history after linking (false)",
    option: "whatsapp.syncHistory",
    config: (syncHistory) => ({ whatsapp: { syncHistory } }),
    alone: true,
    example: "false",
  }),
  durableEvents: setting({
    flag: "durable-events",
    env: "ZPWOOT_DURABLE_EVENTS",
    rule: rules.flag,
    help: "keep past events in the store, so that readers of /sessions/events go on after a restart (false)",
    option: "eventLog.durable",
    config: (durable) => ({ eventLog: { durable } }),
    alone: true,
    example: "false",
  }),
  trustProxy: setting({
    flag: "trust-proxy",
    env: "ZPWOOT_TRUST_PROXY",
    rule: rules.trustProxy,
    help: "reverse proxies that name the client in X-Forwarded-For: a number of hops, CIDRs, loopback, or true (false)",
    option: "http.trustProxy",
    config: (trustProxy) => ({ http: { trustProxy } }),
    example: "loopback",
  }),
  corsOrigins: setting({
    flag: "cors-origins",
    env: "ZPWOOT_CORS_ORIGINS",
    rule: rules.origins,
    help: "comma-separated origins whose pages may call the server, or * (none)",
    option: "corsOrigins",
    config: (corsOrigins) => ({ corsOrigins }),
  }),
  ratePerKey: setting({
    flag: "rate-per-key",
    env: "ZPWOOT_RATE_PER_KEY",
    rule: rules.count,
    help: "requests per minute and API key (6000)",
    option: "http.rateLimit.perKey",
    config: (perKey) => ({ http: { rateLimit: { perKey } } }),
    example: "6000",
  }),
  waUrl: setting({
    flag: "wa-url",
    env: "ZPWOOT_WA_URL",
    rule: rules.webSocketUrl,
    help: "WebSocket URL of an emulator (the real WhatsApp)",
    option: "whatsapp.url",
    config: (url) => ({ whatsapp: { url } }),
  }),
  waMediaUrl: setting({
    flag: "wa-media-url",
    env: "ZPWOOT_WA_MEDIA_URL",
    rule: rules.httpUrl,
    help: "URL where an emulator stores media (WhatsApp's hosts)",
    option: "whatsapp.mediaUrl",
    config: (mediaUrl) => ({ whatsapp: { mediaUrl } }),
  }),
  allowPrivateTargets: setting({
    flag: "allow-private-targets",
    env: "ZPWOOT_ALLOW_PRIVATE_TARGETS",
    rule: rules.flag,
    help: "allow webhooks to private and loopback addresses (false)",
    option: "webhooks.allowPrivateTargets",
    config: (allowPrivateTargets) => ({ webhooks: { allowPrivateTargets } }),
    alone: true,
    example: "false",
  }),
  allowPrivateProxies: setting({
    flag: "allow-private-proxies",
    env: "ZPWOOT_ALLOW_PRIVATE_PROXIES",
    rule: rules.flag,
    help: "allow sessions' proxies at private and loopback addresses (false)",
    option: "whatsapp.allowPrivateProxies",
    config: (allowPrivateProxies) => ({ whatsapp: { allowPrivateProxies } }),
    alone: true,
    example: "false",
  }),
  enforceSignatures: setting({
    flag: "enforce-signatures",
    env: "ZPWOOT_ENFORCE_SIGNATURES",
    rule: rules.flag,
    help: "refuse servers and links without WhatsApp's and the account's signature, which are only reported otherwise (false)",
    option: "whatsapp.checks",
    config: (enforced) => ({ whatsapp: { checks: enforced ? ENFORCED : REPORTED } }),
    alone: true,
    example: "false",
  }),
  logLevel: setting({
    flag: "log-level",
    env: "LOG_LEVEL",
    rule: rules.logLevel,
    help: `${LOG_LEVELS.join(", ")} (info)`,
    option: "logLevel",
    config: (logLevel) => ({ logLevel }),
    example: "info",
  }),
} as const;

/** The flags of all settings, without the dashes. */
export const SETTING_FLAGS: readonly string[] = Object.values(SETTINGS).map(({ flag }) => flag);
/** Those that may stand alone. */
export const SETTING_SWITCHES: readonly string[] = Object.values(SETTINGS)
  .filter(({ alone }) => alone === true)
  .map(({ flag }) => flag);
