/** Settings of `zpwoot serve`, from flags and environment: parsed once, all problems reported together. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { ZpwootError } from "../errors.js";

/** Log levels, the most verbose first. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** Each setting: its flag, its environment variable, its rule, its help. The help text is generated from this. */
export const SETTINGS = {
  port: {
    flag: "port",
    env: "PORT",
    rule: z.coerce.number().int().min(0).max(65_535).default(3000),
    help: "port to listen on; 0 picks a free one (3000)",
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
    help: "key that callers send as X-API-Key; without it one is generated and shown once",
  },
  store: {
    flag: "store",
    env: "ZPWOOT_STORE",
    rule: z.string().min(1).default("lmdb:.zpwoot"),
    help: "lmdb:path, memory:, postgres://… or redis://… (lmdb:.zpwoot)",
  },
  encryptionKeys: {
    flag: "encryption-keys",
    env: "ZPWOOT_ENCRYPTION_KEYS",
    rule: z
      .string()
      .optional()
      .transform((text) => text?.split(/[\s,]+/).filter((key) => key !== "") ?? []),
    help: "keys of 32 bytes, base64 or hex, the newest first, separated by commas (not encrypted)",
  },
  backupDir: {
    flag: "backup-dir",
    env: "ZPWOOT_BACKUP_DIR",
    rule: z.string().min(1).optional(),
    help: "directory for encrypted snapshots of all sessions, every six hours (none)",
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
  allowPrivateTargets: {
    flag: "allow-private-targets",
    env: "ZPWOOT_ALLOW_PRIVATE_TARGETS",
    rule: z.stringbool().default(false),
    help: "allow webhooks to private and loopback addresses (false)",
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

/** Values of the command line, by flag. */
export type Flags = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings; a flag wins over its variable, an empty variable counts as unset.
 * @throws ZpwootError `INVALID_OPTION` that names flag and variable of each wrong setting, never its value.
 */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): ServeSettings {
  return settingsOf(parseFlags(args).flags, env);
}

/** The settings of parsed flags. */
export function settingsOf(flags: Flags, env: NodeJS.ProcessEnv): ServeSettings {
  const problems: string[] = [];
  const entries = Object.entries(SETTINGS).map(([name, setting]) => {
    const given = flags[setting.flag] ?? (env[setting.env] === "" ? undefined : env[setting.env]);
    const parsed = setting.rule.safeParse(given);
    if (!parsed.success)
      problems.push(`--${setting.flag} (${setting.env}): ${parsed.error.issues[0]?.message ?? "invalid"}`);
    return [name, parsed.data];
  });
  if (problems.length > 0)
    throw new ZpwootError("INVALID_OPTION", problems.join("\n"), { details: problems });
  return Object.fromEntries(entries) as ServeSettings;
}

/** Flags that may have no value, which means true. */
const BARE: readonly string[] = ["--allow-private-targets", "--force"];

/**
 * Parses the command line: the flags of {@link SETTINGS}, and those of a command.
 * @throws ZpwootError `INVALID_OPTION` for anything else.
 */
export function parseFlags(
  args: readonly string[],
  { more = [], positionals = 0 }: { readonly more?: readonly string[]; readonly positionals?: number } = {},
): { readonly flags: Flags; readonly positionals: readonly string[] } {
  const names = [...Object.values(SETTINGS).map(({ flag }) => flag), ...more];
  const options = Object.fromEntries(names.map((flag) => [flag, { type: "string" as const }]));
  const whole = args.map((arg, index) =>
    BARE.includes(arg) && !/^(true|false)$/.test(args[index + 1] ?? "") ? `${arg}=true` : arg,
  );
  try {
    const parsed = parseArgs({ args: whole, options, allowPositionals: positionals > 0, strict: true });
    const extra = parsed.positionals[positionals];
    if (extra !== undefined) throw new TypeError(`Unexpected argument ${JSON.stringify(extra)}`);
    return { flags: parsed.values, positionals: parsed.positionals };
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : "unknown flag";
    throw new ZpwootError("INVALID_OPTION", `${text.split(". ")[0]}. See zpwoot help`, { cause });
  }
}
