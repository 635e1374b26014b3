/** The settings of `zpwoot serve` from flags and environment. All problems are reported in one error. */
import { z } from "zod";
import { nearestName } from "../api/check-options.js";
import { ZpwootError } from "../errors.js";
import { parseTrustProxy, type TrustProxy } from "../http/access/client-address.js";
import { parseFlags, type Flags } from "./flags.js";

/** Log levels, the most verbose first. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

const TRUST_PROXY_INVALID = "must be true, false, a number of hops, or a list of addresses and CIDRs";

function trustProxyOf(text: string): TrustProxy {
  if (text === "true" || text === "false") return text === "true";
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Each setting with its flag, environment variable, rule and description. `zpwoot help` is generated from this. */
export const SETTINGS = {
  port: {
    flag: "port",
    env: "PORT",
    rule: z.coerce.number().int().min(0).max(65_535).default(3000),
    help: "port to listen on; 0 for any free port (3000)",
  },
  host: {
    flag: "host",
    env: "HOST",
    rule: z.string().min(1).default("127.0.0.1"),
    help: "address to listen on (127.0.0.1)",
  },
  apiKey: {
    flag: "api-key",
    env: "API_KEY",
    rule: z.string().trim().min(1).optional(),
    help: "key that clients send as X-API-Key; if unset, a random key is shown once",
  },
  trustProxy: {
    flag: "trust-proxy",
    env: "ZPWOOT_TRUST_PROXY",
    rule: z
      .string()
      .transform(trustProxyOf)
      .refine((setting) => parseTrustProxy(setting) !== undefined, TRUST_PROXY_INVALID)
      .default(false),
    help: "reverse proxies that name the client in X-Forwarded-For: a number of hops, CIDRs, loopback, or true (false)",
  },
  store: {
    flag: "store",
    env: "ZPWOOT_STORE",
    rule: z.string().min(1).default("lmdb:.zpwoot"),
    help: "lmdb:path, memory:, postgres://… or redis://… (lmdb:.zpwoot)",
  },
  wait: {
    flag: "wait",
    env: "ZPWOOT_WAIT",
    rule: z.stringbool().default(false),
    help: "wait for the server that uses the store, and the port, to leave, as in a rolling deploy (false)",
  },
  encryptionKeys: {
    flag: "encryption-keys",
    env: "ZPWOOT_ENCRYPTION_KEYS",
    rule: z
      .string()
      .optional()
      .transform((text) => text?.split(/[\s,]+/).filter((key) => key !== "") ?? []),
    help: "comma-separated 32-byte keys in base64 or hex, newest first (not encrypted)",
  },
  tombstoneDays: {
    flag: "tombstone-days",
    env: "ZPWOOT_TOMBSTONE_DAYS",
    rule: z.coerce.number().min(0).max(36_500).default(7),
    help: "how long a copy of credentials is kept that were deleted; 0 for none (7)",
  },
  backupDir: {
    flag: "backup-dir",
    env: "ZPWOOT_BACKUP_DIR",
    rule: z.string().min(1).optional(),
    help: "folder for an encrypted snapshot of all sessions every six hours (none)",
  },
  passphraseFile: {
    flag: "passphrase-file",
    env: "ZPWOOT_PASSPHRASE_FILE",
    rule: z.string().min(1).optional(),
    help: "file with the passphrase of snapshots and exports; or set ZPWOOT_PASSPHRASE",
  },
  waUrl: {
    flag: "wa-url",
    env: "ZPWOOT_WA_URL",
    rule: z.url({ protocol: /^wss?$/ }).optional(),
    help: "WebSocket URL of an emulator (the real WhatsApp)",
  },
  waMediaUrl: {
    flag: "wa-media-url",
    env: "ZPWOOT_WA_MEDIA_URL",
    rule: z.url({ protocol: /^https?$/ }).optional(),
    help: "URL where an emulator stores media (WhatsApp's hosts)",
  },
  allowPrivateTargets: {
    flag: "allow-private-targets",
    env: "ZPWOOT_ALLOW_PRIVATE_TARGETS",
    rule: z.stringbool().default(false),
    help: "allow webhooks to private and loopback addresses (false)",
  },
  allowPrivateProxies: {
    flag: "allow-private-proxies",
    env: "ZPWOOT_ALLOW_PRIVATE_PROXIES",
    rule: z.stringbool().default(false),
    help: "allow sessions' proxies at private and loopback addresses (false)",
  },
  enforceSignatures: {
    flag: "enforce-signatures",
    env: "ZPWOOT_ENFORCE_SIGNATURES",
    rule: z.stringbool().default(false),
    help: "refuse servers and links without WhatsApp's and the account's signature, which are only reported otherwise (false)",
  },
  logLevel: {
    flag: "log-level",
    env: "LOG_LEVEL",
    rule: z.enum(LOG_LEVELS).default("info"),
    help: `${LOG_LEVELS.join(", ")} (info)`,
  },
} as const;

type Name = keyof typeof SETTINGS;

/** The settings of a server, parsed. */
export type ServeSettings = { readonly [K in Name]: z.output<(typeof SETTINGS)[K]["rule"]> };

/** The flags of all settings, without the dashes. */
export const SETTING_FLAGS: readonly string[] = Object.values(SETTINGS).map(({ flag }) => flag);
/** Those that may stand alone. */
export const SETTING_SWITCHES: readonly string[] = [
  SETTINGS.wait.flag,
  SETTINGS.allowPrivateTargets.flag,
  SETTINGS.allowPrivateProxies.flag,
  SETTINGS.enforceSignatures.flag,
];

const PREFIX = "ZPWOOT_";
/** Read in passphrase.ts, because it must not be a flag. */
const PASSPHRASE_VARIABLE = "ZPWOOT_PASSPHRASE";

/**
 * Reads the settings from flags and environment. A flag wins over its variable; an empty variable counts as unset.
 * @throws ZpwootError `INVALID_OPTION` that names flag and variable of each invalid setting, never its value.
 */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): ServeSettings {
  return settingsOf(parseFlags(args, { flags: SETTING_FLAGS, switches: SETTING_SWITCHES }).flags, env);
}

/** Reads the settings from flags that are already parsed. Throws as {@link readSettings}. */
export function settingsOf(flags: Flags, env: NodeJS.ProcessEnv): ServeSettings {
  const problems: string[] = [];
  const entries = Object.entries(SETTINGS).map(([name, setting]) => {
    const value = flags[setting.flag] ?? (env[setting.env] === "" ? undefined : env[setting.env]);
    const parsed = setting.rule.safeParse(value);
    if (!parsed.success)
      problems.push(`--${setting.flag} (${setting.env}): ${parsed.error.issues[0]?.message ?? "invalid"}`);
    return [name, parsed.data];
  });
  if (problems.length > 0)
    throw new ZpwootError("INVALID_OPTION", problems.join("\n"), { details: problems });
  return Object.fromEntries(entries) as ServeSettings;
}

/** Returns a sentence for each variable that is probably a misspelt setting. */
export function misspeltVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...Object.values(SETTINGS).map((setting) => setting.env as string), PASSPHRASE_VARIABLE]
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name.slice(PREFIX.length)))
    .flatMap((name) => {
      const meant = nearestName(name.slice(PREFIX.length), known);
      return meant === undefined ? [] : [`${name} is not a setting (did you mean ${PREFIX}${meant}?)`];
    });
}
