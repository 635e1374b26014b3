/** `zpwoot serve --print-config`: the configuration as JSON, without its secrets. */
import type { ReadConfig } from "./read-config.js";

const MASKED = "***";
/** Fields of a configuration that are secret as a whole. Keys are shown as a number of keys. */
const SECRETS = new Set(["apiKeys", "encryptionKeys", "passphrase", "noiseRootKey", "password"]);

/** The lines: what applies, where flags, variables and file are taken together. */
export function printedConfig({ config, file }: ReadConfig): string {
  return JSON.stringify({ configFile: file ?? null, ...shown(config) }, undefined, 2);
}

function shown(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, SECRETS.has(name) ? maskOf(value) : shownValue(value)]),
  );
}

/** The addresses of servers may hold a password; whatever else is no plain value is named by its kind. */
function shownValue(value: unknown): unknown {
  if (typeof value === "string") return withoutPassword(value);
  if (typeof value === "bigint" || value === Infinity) return String(value);
  if (Array.isArray(value)) return value.map(shownValue);
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object" || value === null) return value;
  const prototype = Object.getPrototypeOf(value) as {
    readonly constructor?: { readonly name?: string };
  } | null;
  if (prototype === Object.prototype || prototype === null) return shown(value);
  return `[${prototype.constructor?.name ?? "object"}]`;
}

function maskOf(value: unknown): unknown {
  if (typeof value === "boolean") return value;
  return Array.isArray(value) ? value.map(() => MASKED) : MASKED;
}

function withoutPassword(text: string): string {
  return text
    .replace(/^([a-z][\w+.-]*:\/\/[^/?#@]*:)[^/?#@]*@/i, `$1${MASKED}@`)
    .replace(/([?&](?:password|pass|token|key|secret)=)[^&#]*/gi, `$1${MASKED}`);
}
