import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  checkName,
  checkOptionsOf,
  nearestName,
  option,
  optionsSchema,
  unknownOptions,
} from "../../src/api/check-options.js";
import { checkMethodOptions } from "../../src/api/method-options.js";
import { isZpwootError } from "../../src/errors.js";

function detailsOf(check: () => unknown, code: "INVALID_INPUT" | "INVALID_OPTION" = "INVALID_INPUT") {
  try {
    check();
    return [];
  } catch (error) {
    if (!isZpwootError(error, code)) throw error;
    return error.details;
  }
}

describe("the nearest name", () => {
  const known = ["reconnect", "restore", "store", "url", "timeoutMs", "logger", "maxQrs"];

  it.each([
    ["reconect", "reconnect"],
    ["recconnect", "reconnect"],
    ["reconnetc", "reconnect"],
    ["ulr", "url"],
    ["timeout", "timeoutMs"],
    ["timeoutMS", "timeoutMs"],
    ["log", "logger"],
    ["maxqrs", "maxQrs"],
    ["stor", "store"],
  ])("of %s is %s", (given, nearest) => {
    expect(nearestName(given, known)).toBe(nearest);
  });

  it.each(["", "x", "proxy", "constructor", "qr"])("of %j is not there", (given) => {
    expect(nearestName(given, known)).toBeUndefined();
  });
});

describe("unknown options", () => {
  it("are named one by one, with their object, and with what was meant or what there is", () => {
    expect(unknownOptions({ timeout: 1, keep: 2, other: 3 }, ["timeoutMs", "keep"], "webhooks")).toEqual([
      "webhooks.timeout is not an option (did you mean timeoutMs?)",
      "webhooks.other is not an option (known: timeoutMs, keep)",
    ]);
    expect(unknownOptions({ keep: 1 }, ["keep"])).toEqual([]);
  });

  it("are reported beside the wrong values, at every level", () => {
    const schema = optionsSchema({
      store: option.text.optional(),
      log: optionsSchema({ keep: option.count.optional() }).optional(),
    });
    const check = (options: unknown) =>
      detailsOf(() => checkOptionsOf("options", schema, options, "INVALID_OPTION"), "INVALID_OPTION");
    expect(check({ store: "", log: { kep: 1, keep: -1 }, lgo: {} })).toEqual([
      "store must be a text that is not empty",
      "log.keep must be a whole number above 0",
      "log.kep is not an option (did you mean keep?)",
      "lgo is not an option (did you mean log?)",
    ]);
    expect(check({ store: "here", log: { keep: 1 } })).toEqual([]);
    expect(check(42)).toEqual(["options must be an object"]);
    expect(check({ log: null })).toEqual(["log must be an object"]);
  });
});

describe("the options of methods", () => {
  it.each([
    ["connect", { maxQr: 3 }, ["maxQr is not an option (did you mean maxQrs?)"]],
    [
      "connect",
      { maxQrs: 0, timeoutMs: 1.5 },
      ["maxQrs must be a whole number above 0", "timeoutMs must be a whole number above 0"],
    ],
    ["pair", { Code: "ABCD1234" }, ["Code is not an option (did you mean code?)"]],
    ["pair", { force: "yes" }, ["force must be true or false"]],
    ["waitFor", { timeout: 5 }, ["timeout is not an option (did you mean timeoutMs?)"]],
    ["waitFor", { timeoutMs: NaN }, ["timeoutMs must be a number of milliseconds, 0 or more"]],
    ["waitFor", { signal: {} }, ["signal must be an AbortSignal"]],
    ["events", { sessionId: ["a"] }, ["sessionId is not an option (did you mean sessionIds?)"]],
    ["events", { events: "messages.upsert" }, ["events must be a list of strings"]],
    ["exportCredentials", undefined, ["options must be an object"]],
    [
      "exportCredentials",
      { password: "x" },
      ["passphrase must be a string", "password is not an option (known: passphrase)"],
    ],
    [
      "importCredentials",
      { passphrase: "x", forced: true },
      ["forced is not an option (did you mean force?)"],
    ],
    ["importAuthFolder", { froce: true }, ["froce is not an option (did you mean force?)"]],
    [
      "restoreSnapshot",
      { sessionID: "x" },
      ["sessionId must be a string", "sessionID is not an option (did you mean sessionId?)"],
    ],
  ] as const)("%s(%o)", (method, options, details) => {
    expect(detailsOf(() => checkMethodOptions(method, options))).toEqual(details);
  });

  it.each([
    ["connect", { maxQrs: 1, timeoutMs: undefined, signal: new AbortController().signal }],
    ["waitFor", { timeoutMs: Infinity }],
    ["waitFor", { timeoutMs: 0 }],
    ["pair", {}],
    ["events", { sessionIds: undefined, after: "1" }],
    ["restoreSnapshot", { sessionId: "x", force: true }],
  ] as const)("%s(%o) is fine", (method, options) => {
    expect(detailsOf(() => checkMethodOptions(method, options))).toEqual([]);
  });
});

describe("a name of a closed set", () => {
  it("is suggested when it is misspelt, and its wrong type is no crash", () => {
    const known = ["connected", "connecting", "disconnected"] as const;
    const check = (name: unknown) => detailsOf(() => checkName("status", name, known));
    expect(check("conected")).toEqual(['status "conected" does not exist (did you mean connected?)']);
    expect(check("online")).toEqual([
      'status "online" does not exist (known: connected, connecting, disconnected)',
    ]);
    expect(check(undefined)).toHaveLength(1);
    expect(check(Symbol("x"))).toHaveLength(1);
    expect(check("connecting")).toEqual([]);
  });
});

it("a schema of options is a schema like any other", () => {
  expect(z.array(optionsSchema({ a: z.string() })).safeParse([{ a: "x" }]).success).toBe(true);
});
