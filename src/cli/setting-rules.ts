/** The rules of settings that are given as text, in a flag or a variable. Each message names the fix, and none repeats the value. */
import * as z from "zod";
import { parseTrustProxy, type TrustProxy } from "../http/access/client-address.js";

/** Log levels, the most verbose first. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The libraries that can be named. */
export const LIBRARIES = ["whaileys", "baileys"] as const;

/** The name of a library. */
export type LibraryName = (typeof LIBRARIES)[number];

const text = z.string().trim().min(1, "must not be empty");

function digits(min: number, max: number, message: string) {
  return text
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return text
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(names, { error: `must be one of ${names.join(", ")}` }));
}

function urlOf(schemes: readonly string[], fix: string) {
  return text.refine((value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    return parsed !== undefined && schemes.includes(parsed.protocol);
  }, fix);
}

/** Switched on or off, or on with a server of its own. */
const cluster = text
  .transform((value) => (value === "true" || value === "false" ? value === "true" : { url: value }))
  .refine(
    (value) => typeof value === "boolean" || /^(redis|rediss|postgres|postgresql):\/\/./.test(value.url),
    "must be true, false, or a URL that begins with redis://, rediss:// or postgres://",
  );

const list = text.transform((value) => value.split(/[\s,]+/).filter((part) => part !== ""));

function trustProxyOf(value: string): TrustProxy {
  if (value === "true" || value === "false") return value === "true";
  return /^\d+$/.test(value) ? Number(value) : value;
}

const PORT = "must be a whole number from 0 to 65535 in decimal digits, such as 3000";

/** The rules, by the kind of a setting. */
export const rules = {
  text,
  list,
  cluster,
  port: digits(0, 65_535, PORT),
  count: digits(1, Number.MAX_SAFE_INTEGER, "must be a whole number above 0 in decimal digits"),
  days: text
    .regex(/^\d+(\.\d+)?$/, "must be a number of days, such as 7 or 0.5")
    .transform(Number)
    .refine((days) => days <= 36_500, "must be at most 36500 days"),
  flag: z.stringbool({ error: "must be true or false" }),
  library: oneOf(LIBRARIES),
  qrFormat: oneOf(["bare", "url"]),
  logLevel: oneOf(LOG_LEVELS),
  trustProxy: text
    .transform(trustProxyOf)
    .refine(
      (setting) => parseTrustProxy(setting) !== undefined,
      "must be true, false, a number of hops, or a list of addresses and CIDRs",
    ),
  origins: text.transform((value) =>
    value === "*" ? ("*" as const) : value.split(/[\s,]+/).filter((part) => part !== ""),
  ),
  webSocketUrl: urlOf(
    ["ws:", "wss:"],
    "must be a WebSocket URL: ws://… where http://… is meant, wss://… for https://…",
  ),
  httpUrl: urlOf(["http:", "https:"], "must be a URL that begins with http:// or https://"),
} as const;
