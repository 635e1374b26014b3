/** The checks of a configuration, and how one is laid over another. */
import * as z from "zod";
import {
  checkOptionsOf,
  option,
  optionsSchema,
  unknownOptions,
  type OptionFields,
} from "../api/check-options.js";
import { checkClusterOptions } from "../cluster/options.js";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { parseHttpOptions, type HttpHandlerOptions } from "../http/options.js";
import { checkOptions, MANAGER_OPTION_NAMES } from "../manager/check-options.js";
import type { SessionManagerOptions } from "../manager/options.js";
import { webhookLimits } from "../webhooks/options.js";
import { isClusterPlan } from "./cluster-plan.js";
import { isOrigin } from "./cors.js";
import type { ServeConfig } from "./serve-config.js";
import { LIBRARIES, LOG_LEVELS } from "./setting-rules.js";

const PORT = "must be a whole number from 0 to 65535";
const ORIGINS = 'must be "*" or a list of origins such as "https://app.example.com", without a path';

/** The options of the server itself. */
const own = {
  port: z.int({ error: PORT }).min(0, PORT).max(65_535, PORT).optional(),
  host: option.text.optional(),
  logLevel: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }).optional(),
  library: z.enum(LIBRARIES, { error: `must be one of ${LIBRARIES.join(", ")}` }).optional(),
  corsOrigins: z
    .custom<ServeConfig["corsOrigins"]>(
      (value) => value === "*" || (Array.isArray(value) && value.every((one) => isOrigin(String(one)))),
      { error: ORIGINS },
    )
    .optional(),
  passphraseFile: option.text.optional(),
  http: z.looseObject({}, { error: "must be an object" }).optional(),
} satisfies OptionFields<Omit<ServeConfig, keyof SessionManagerOptions>>;

/** So that a snapshot without a passphrase passes: it may come from elsewhere. */
const LATER = "comes later";

/**
 * Checks a configuration. `source` is what the sentences begin with: the file.
 * @throws ZpwootError `INVALID_OPTION` with a sentence per broken rule, each naming the option and the one that was meant.
 */
export function checkServeConfig(config: unknown, source: string): asserts config is ServeConfig {
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw problems(source, ["must export an object: export default defineConfig({ … })"]);
  const names = [...Object.keys(own), ...MANAGER_OPTION_NAMES];
  const unknown = unknownOptions(config, names);
  const entries = Object.entries(config);
  const part = (isOwn: boolean): Record<string, unknown> =>
    Object.fromEntries(entries.filter(([name]) => names.includes(name) && name in own === isOwn));
  const { snapshots, cluster, ...rest } = part(false);
  const managers = {
    ...rest,
    ...(typeof snapshots === "object" && snapshots !== null
      ? { snapshots: { passphrase: LATER, ...snapshots } }
      : snapshots === undefined
        ? {}
        : { snapshots }),
  };
  const found = [
    ...unknown,
    ...detailsOf(() => checkOptionsOf("configuration", optionsSchema(own), part(true), "INVALID_OPTION")),
    ...detailsOf(() => checkOptions(managers)),
    ...clusterProblems(cluster),
    ...detailsOf(() => webhookLimits(rest["webhooks"] ?? {})),
    ...detailsOf(() => parseHttpOptions(httpOf(config))).map((sentence) => `http.${sentence}`),
  ];
  if (found.length > 0) throw problems(source, found);
}

function clusterProblems(cluster: unknown): readonly string[] {
  if (cluster === undefined || typeof cluster === "boolean" || isClusterPlan(cluster)) return [];
  if (!isPlain(cluster))
    return ['cluster must be true, false, the options of cluster() of "zpwoot/cluster", or its result'];
  return detailsOf(() => checkClusterOptions(cluster)).map((sentence) => `cluster.${sentence}`);
}

function httpOf(config: object): HttpHandlerOptions {
  const http: unknown = "http" in config ? config.http : undefined;
  return typeof http === "object" && http !== null ? http : {};
}

function detailsOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    return isZpwootError(error) && error.details.length > 0 ? error.details : [messageOf(error)];
  }
}

function problems(source: string, sentences: readonly string[]): ZpwootError {
  const details = sentences.map((sentence) => `${source}: ${sentence}`);
  return new ZpwootError("INVALID_OPTION", details.join("\n"), { details });
}

/** The first configuration, with what the later ones say in its place; lists, functions and objects of a class are taken whole. */
export function mergeConfigs(...configs: readonly ServeConfig[]): ServeConfig {
  return configs.reduce<Fields>((merged, config) => withFields(merged, { ...config }), {});
}

type Fields = Readonly<Record<string, unknown>>;

function withFields(base: Fields, given: Fields): Fields {
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const before = result[name];
    result[name] = isPlain(before) && isPlain(value) ? withFields(before, value) : value;
  }
  return result;
}

function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || isClusterPlan(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
