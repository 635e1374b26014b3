/** Settings of `zpwoot serve`, from flags and environment: parsed once, every problem told at once. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { ZpwootError } from "../errors.js";

/** Levels of the log, least talkative last. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** Each setting: its flag, its environment variable, its rule, what it does. The help text is made from this. */
export const SETTINGS = {
  port: {
    flag: "port",
    env: "PORT",
    rule: z.coerce.number().int().min(0).max(65_535).default(3000),
    help: "port to listen on; 0 takes a free one (3000)",
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
    help: "key that callers send as X-API-Key; without it one is made and shown once",
  },
  store: {
    flag: "store",
    env: "ZPWOOT_STORE",
    rule: z.string().min(1).default("lmdb:.zpwoot"),
    help: "lmdb:path, memory:, postgres://… or redis://… (lmdb:.zpwoot)",
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
    help: "let webhooks go to private and loopback addresses (false)",
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

/**
 * Reads the settings; a flag wins over its variable, an empty variable counts as unset.
 * @throws ZpwootError `INVALID_OPTION` that names flag and variable of each wrong setting, never its value.
 */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): ServeSettings {
  const flags = parseFlags(args);
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

function parseFlags(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(
    Object.values(SETTINGS).map(({ flag }) => [flag, { type: "string" as const }]),
  );
  // A bare --allow-private-targets means true.
  const bare = args.map((arg, index) =>
    arg === "--allow-private-targets" && (args[index + 1] ?? "--").startsWith("--") ? `${arg}=true` : arg,
  );
  try {
    return parseArgs({ args: bare, options, allowPositionals: false, strict: true }).values;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : "unknown flag";
    throw new ZpwootError("INVALID_OPTION", `${text.split(". ")[0]}. See zpwoot help`, { cause });
  }
}
