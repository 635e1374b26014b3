import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { isZpwootError } from "../../src/errors.js";
import { checkOptions } from "../../src/manager/check-options.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { SessionManager } from "../../src/manager/session-manager.js";

function detailsOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!isZpwootError(error, "INVALID_OPTION")) throw error;
    expect(error.message).toBe(`Invalid options: ${error.details.join("; ")}`);
    return error.details;
  }
}

const STORE =
  'store must be a URL ("memory:", "lmdb:<directory>", "postgres://…", "redis://…"), a Keyv, a Keyv storage adapter, or a Map';

describe("the options of a manager", () => {
  it.each([
    [{ reconect: {} }, ["reconect is not an option (did you mean reconnect?)"]],
    [{ loger: SILENT }, ["loger is not an option (did you mean logger?)"]],
    [{ whatsapp: { ulr: "ws://x" } }, ["whatsapp.ulr is not an option (did you mean url?)"]],
    [
      { whatsapp: { linking: { maxQr: 1 } } },
      ["whatsapp.linking.maxQr is not an option (did you mean maxQrs?)"],
    ],
    [
      { reconnect: { firstDelay: 5 } },
      ["reconnect.firstDelay is not an option (did you mean firstDelayMs?)"],
    ],
    [
      { whatsapp: { checks: { acountSignature: "enforce" } } },
      ["whatsapp.checks.acountSignature is not an option (did you mean accountSignature?)"],
    ],
    [{ restore: { concurency: 5 } }, ["restore.concurency is not an option (did you mean concurrency?)"]],
    [{ eventLog: { kep: 5 } }, ["eventLog.kep is not an option (did you mean keep?)"]],
    [
      { snapshots: { directory: "x", passphrase: "y", interval: 5 } },
      ["snapshots.interval is not an option (did you mean intervalMs?)"],
    ],
    [
      { proxy: {} },
      [
        "proxy is not an option (known: store, encryptionKeys, snapshots, tombstones, logger, whatsapp, reconnect, restore, ownership, cluster, media, sentMessages, messages, webhooks, eventLog)",
      ],
    ],
  ])("%j: an unknown one is named with what was meant", (options, details) => {
    expect(detailsOf(() => checkOptions(options))).toEqual(details);
  });

  it.each([
    [
      { whatsapp: { checks: { noiseCertificate: "warn" } } },
      ['whatsapp.checks.noiseCertificate must be "report" or "enforce"'],
    ],
    [
      { whatsapp: { noiseRootKey: "ff" } },
      ["whatsapp.noiseRootKey must be a key of 32 bytes, as bytes or hex"],
    ],
    [
      { whatsapp: { url: "ws://127.0.0.1:1/ws/chat", checks: { noiseCertificate: "enforce" } } },
      [
        "whatsapp.checks.noiseCertificate can't be enforced for a url that is not WhatsApp's own, unless whatsapp.noiseRootKey says which root its certificates have",
      ],
    ],
    [{ store: 42 }, [STORE]],
    [{ store: null }, [STORE]],
    [
      { logger: {} },
      ["logger must be pino-compatible (an object with debug, info, warn and error methods), or false"],
    ],
    [
      { logger: true },
      ["logger must be pino-compatible (an object with debug, info, warn and error methods), or false"],
    ],
    [
      { encryptionKeys: "abc" },
      ["encryptionKeys must be a list of keys of 32 bytes, each as bytes, base64 or hex"],
    ],
    [{ whatsapp: { url: "http://x" } }, ["whatsapp.url must be a ws:// or wss:// URL"]],
    [{ whatsapp: { url: 5 } }, ["whatsapp.url must be a ws:// or wss:// URL"]],
    [
      { whatsapp: { version: [1, 2] } },
      ["whatsapp.version must be three numbers, or a function that returns them"],
    ],
    [
      { whatsapp: { browser: "Chrome" } },
      ["whatsapp.browser must be a list of three texts: system, browser, system version"],
    ],
    [{ whatsapp: { syncHistory: "yes" } }, ["whatsapp.syncHistory must be true or false"]],
    [{ whatsapp: { connectTimeoutMs: 0 } }, ["whatsapp.connectTimeoutMs must be a whole number above 0"]],
    [{ whatsapp: { qrFormat: "png" } }, ['whatsapp.qrFormat must be "bare" or "url"']],
    [{ whatsapp: { getMessage: "x" } }, ["whatsapp.getMessage must be a function"]],
    [
      { whatsapp: { socketFactory: {} } },
      [
        'whatsapp.socketFactory must be a SocketFactory or a function that returns one, such as baileys7(() => import("baileys"))',
      ],
    ],
    [{ whatsapp: null }, ["whatsapp must be an object"]],
    [{ reconnect: [] }, ["reconnect must be an object"]],
    [{ sentMessages: { keep: 0 } }, ["sentMessages.keep must be a whole number above 0"]],
    [{ sentMessages: false }, ["sentMessages must be an object"]],
    [{ restore: { concurrency: 1.5 } }, ["restore.concurrency must be a whole number above 0"]],
    [{ webhooks: 5 }, ["webhooks must be an object"]],
    [
      { eventLog: true },
      [
        "eventLog must be false, or an object with keep (a positive whole number) and durable (true or false)",
      ],
    ],
    [{ eventLog: { keep: -1 } }, ["eventLog.keep must be a whole number above 0"]],
    [
      { snapshots: { directory: "" } },
      ["snapshots.directory must not be empty", "snapshots.passphrase must be a text"],
    ],
    ["lmdb:./sessions", ["options must be an object"]],
    [null, ["options must be an object"]],
  ])("%j: a wrong one is named with what it takes", (options, details) => {
    expect(detailsOf(() => checkOptions(options))).toEqual(details);
  });

  it("may all be there, or none, or be undefined", () => {
    const all: SessionManagerOptions = {
      store: new Map(),
      encryptionKeys: ["0".repeat(64)],
      snapshots: { directory: "x", passphrase: "y", intervalMs: 1, keep: 1 },
      logger: false,
      whatsapp: {
        url: "ws://127.0.0.1:1",
        socketFactory: async () => Promise.reject(new Error("not loaded here")),
        version: [2, 3000, 1],
        linking: { maxQrs: 1, timeoutMs: 1 },
        qrFormat: "url",
        browser: ["Windows", "Chrome", "10"],
        connectTimeoutMs: 1,
        loginTimeoutMs: 1,
        unlinkTimeoutMs: 1,
        qrTimeoutMs: 1,
        keepAliveIntervalMs: 1,
        syncHistory: true,
        markOnline: false,
        getMessage: async () => undefined,
      },
      reconnect: { firstDelayMs: 1, maxDelayMs: 1, stableAfterMs: 1, maxAttempts: 1 },
      restore: { concurrency: 1 },
      webhooks: { timeoutMs: 1 },
      sentMessages: { keep: 1, maxBytes: 1, maxAgeMs: 1, durable: false },
      eventLog: { keep: 1, durable: true },
    };
    expect(detailsOf(() => new SessionManager(all))).toEqual([]);
    expect(detailsOf(() => checkOptions({}))).toEqual([]);
    expect(detailsOf(() => checkOptions({ eventLog: false, logger: undefined, store: undefined }))).toEqual(
      [],
    );
    expect(detailsOf(() => checkOptions({ whatsapp: { version: async () => undefined } }))).toEqual([]);
  });

  it("are checked at construction", () => {
    expect(detailsOf(() => new SessionManager({ reconect: {}, store: 42 } as never))).toEqual([
      STORE,
      "reconect is not an option (did you mean reconnect?)",
    ]);
    expect(() => new SessionManager({ store: "memory:", webhooks: { timeout: 1 } as never })).toThrow(
      "webhooks.timeout is not an option",
    );
  });
});

describe("the methods of a manager", () => {
  const open = (): SessionManager => new SessionManager({ store: "memory:", logger: false });

  it("refuse options they don't know, and suggest what was meant", async () => {
    await using manager = open();
    const { id } = await manager.create({ name: "a" });
    const refused = (details: string[]) => ({ code: "INVALID_INPUT", details });
    await expect(manager.connect(id, { maxQr: 1 } as never)).rejects.toMatchObject(
      refused(["maxQr is not an option (did you mean maxQrs?)"]),
    );
    await expect(manager.waitFor(id, "connected", { timeout: 1 } as never)).rejects.toMatchObject(
      refused(["timeout is not an option (did you mean timeoutMs?)"]),
    );
    await expect(manager.pair(id, "+5511999990001", { cod: "x" } as never)).rejects.toMatchObject(
      refused(["cod is not an option (did you mean code?)"]),
    );
    await expect(manager.events({ afer: "1" } as never).next()).rejects.toMatchObject(
      refused(["afer is not an option (did you mean after?)"]),
    );
    await expect(manager.exportCredentials(id, undefined as never)).rejects.toMatchObject(
      refused(["options must be an object"]),
    );
    await expect(
      manager.importCredentials(id, "", { passphrase: "x", forse: true } as never),
    ).rejects.toMatchObject(refused(["forse is not an option (did you mean force?)"]));
    await expect(manager.importAuthFolder(id, "none", { forse: true } as never)).rejects.toMatchObject(
      refused(["forse is not an option (did you mean force?)"]),
    );
    await expect(manager.restoreSnapshot("none", { sessionid: id } as never)).rejects.toMatchObject(
      refused(["sessionId must be a string", "sessionid is not an option (did you mean sessionId?)"]),
    );
    await expect(manager.create({ name: "b", webhokUrl: "http://x" } as never)).rejects.toMatchObject(
      refused(["webhokUrl is not a field of a session (did you mean webhookUrl?)"]),
    );
    expect(await manager.list()).toHaveLength(1);
  });

  it("refuse a status that there is not at once, instead of waiting for it", async () => {
    await using manager = open();
    const { id } = await manager.create({ name: "a" });
    await expect(manager.waitFor(id, "conected" as never)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      details: ['status "conected" does not exist (did you mean connected?)'],
    });
  });

  it("refuse an event that there is not, and a listener that is none", async () => {
    await using manager = open();
    for (const method of ["on", "once", "off"] as const) {
      const call = (event: string, listener: unknown) => () =>
        manager[method](event as never, listener as never);
      expect(call("session.qrs", () => {})).toThrow(
        'event "session.qrs" does not exist (did you mean session.qr?)',
      );
      expect(call("mesages.upsert", () => {})).toThrow("did you mean messages.upsert?");
      expect(call("session.qr", undefined)).toThrow("listener must be a function");
      expect(call("session.qr", () => {})()).toBe(manager);
    }
  });
});
