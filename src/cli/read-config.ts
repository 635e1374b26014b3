/** The configuration of a command: flags, else environment variables, else the configuration file, else the defaults. */
import { nearestName } from "../api/check-options.js";
import { ZpwootError } from "../errors.js";
import { loadConfigFile } from "./config-file.js";
import { parseFlags, type Flags } from "./flags.js";
import { mergeConfigs } from "./check-config.js";
import { SERVE_DEFAULTS, type ServeConfig } from "./serve-config.js";
import { SETTING_FLAGS, SETTING_SWITCHES, SETTINGS } from "./settings.js";

/** A configuration with its defaults. */
export interface EffectiveConfig extends ServeConfig {
  readonly port: number;
  readonly host: string;
  readonly logLevel: NonNullable<ServeConfig["logLevel"]>;
  readonly store: NonNullable<ServeConfig["store"]>;
}

/** A configuration and where it came from. */
export interface ReadConfig {
  readonly config: EffectiveConfig;
  /** The path of the configuration file; undefined if there is none. */
  readonly file: string | undefined;
  /** The variable or flag that gave the API key; undefined: the file, or nothing. */
  readonly apiKey: string | undefined;
}

/** Where settings are read from. */
export interface ConfigSources {
  readonly env: NodeJS.ProcessEnv;
  /** Where a configuration file is looked for. */
  readonly folder: string;
}

/** The process's own. */
export function processSources(): ConfigSources {
  return { env: process.env, folder: process.cwd() };
}

/** Reads the configuration of `zpwoot serve` from its arguments. Rejects like {@link configOf}. */
export async function readConfig(args: readonly string[], sources: ConfigSources): Promise<ReadConfig> {
  return configOf(parseFlags(args, { flags: SETTING_FLAGS, switches: SETTING_SWITCHES }).flags, sources);
}

/**
 * Reads the configuration from flags that are already parsed. An empty variable counts as unset. Rejects with `INVALID_OPTION`, which names
 * flag and variable of each invalid setting, never its value, or the file and its wrong options.
 */
export async function configOf(flags: Flags, { env, folder }: ConfigSources): Promise<ReadConfig> {
  const { given, path } = settingsOf(flags, env);
  const file = await loadConfigFile(path, folder);
  const fromFile = file?.config ?? {};
  const chosen = given.library === undefined ? fromFile : withoutFactory(fromFile);
  const config = mergeConfigs(SERVE_DEFAULTS, chosen, given, switchedOn(given, fromFile)) as EffectiveConfig;
  const apiKey = given.http?.apiKeys;
  return { config, file: file?.path, apiKey: typeof apiKey === "string" ? apiKey : undefined };
}

/** What flags and variables say. */
function settingsOf(
  flags: Flags,
  env: NodeJS.ProcessEnv,
): { readonly given: ServeConfig; readonly path: string | undefined } {
  const problems: string[] = [];
  const parts: ServeConfig[] = [];
  for (const { flag, env: variable, rule, config } of Object.values(SETTINGS)) {
    const text = flags[flag] ?? (env[variable] === "" ? undefined : env[variable]);
    if (text === undefined) continue;
    const parsed = rule.safeParse(text);
    if (parsed.success) parts.push((config as (value: unknown) => ServeConfig)(parsed.data));
    else problems.push(`--${flag} (${variable}): ${parsed.error.issues[0]?.message ?? "invalid"}`);
  }
  if (problems.length > 0)
    throw new ZpwootError("INVALID_OPTION", problems.join("\n"), { details: problems });
  const { flag, env: variable } = SETTINGS.config;
  return { given: mergeConfigs(...parts), path: flags[flag] ?? (env[variable] || undefined) };
}

/** `--cluster` alone switches on what the file says of it. */
function switchedOn({ cluster }: ServeConfig, file: ServeConfig): ServeConfig {
  return cluster === true && typeof file.cluster === "object" ? { cluster: file.cluster } : {};
}

/** A library that a flag names wins over the file's. */
function withoutFactory({ whatsapp, ...config }: ServeConfig): ServeConfig {
  if (whatsapp === undefined) return config;
  const { socketFactory: _, ...others } = whatsapp;
  return { ...config, whatsapp: others };
}

const PREFIX = "ZPWOOT_";
/** Read in passphrase.ts, because it must not be a flag. */
const PASSPHRASE_VARIABLE = "ZPWOOT_PASSPHRASE";

/** Returns a sentence for each variable that is probably a misspelt setting. */
export function misspeltVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...Object.values(SETTINGS).map((setting) => setting.env), PASSPHRASE_VARIABLE]
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name.slice(PREFIX.length)))
    .flatMap((name) => {
      const meant = nearestName(name.slice(PREFIX.length), known);
      return meant === undefined ? [] : [`${name} is not a setting (did you mean ${PREFIX}${meant}?)`];
    });
}
