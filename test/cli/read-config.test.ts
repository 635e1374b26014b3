import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COMMANDS, help, helpOf, isCommand } from "../../src/cli/commands.js";
import { printedConfig } from "../../src/cli/print-config.js";
import { misspeltVariables, readConfig, type ReadConfig } from "../../src/cli/read-config.js";
import { SETTINGS } from "../../src/cli/settings.js";
import { weakKeys } from "../../src/cli/weak-keys.js";

const KEY = Buffer.alloc(32, 7).toString("base64");

describe("the configuration of a command", () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "zpwoot-config-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const read = (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ReadConfig> =>
    readConfig(args, { env, folder });
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  const problemOf = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> =>
    read(args, env).then(
      () => "none",
      (error: Error) => error.message,
    );

  it("has a default for everything", async () => {
    const { config, file } = await read();
    expect(file).toBeUndefined();
    expect(config).toMatchObject({ port: 3000, host: "127.0.0.1", store: "lmdb:.zpwoot", logLevel: "info" });
  });

  it("takes a flag before a variable, and a variable before the file", async () => {
    await write(
      "zpwoot.config.mjs",
      `export default { port: 1, host: "file", store: "memory:", logLevel: "warn" };`,
    );
    const { config, file } = await read(["--port", "3"], { PORT: "2", HOST: "variable" });
    expect(file).toBe(join(folder, "zpwoot.config.mjs"));
    expect(config).toMatchObject({ port: 3, host: "variable", store: "memory:", logLevel: "warn" });
  });

  it("reaches every option from the file, and changes single ones by flags", async () => {
    await write(
      "zpwoot.config.mjs",
      `export default {
        library: "baileys",
        whatsapp: { qrFormat: "url", syncHistory: true, linking: { maxQrs: 3 } },
        http: { rateLimit: { perKey: 5, perAddress: 6 }, trustProxy: ["10.0.0.0/8"] },
        corsOrigins: ["https://app.example.com"],
        eventLog: { keep: 10, durable: true },
        webhooks: { timeoutMs: 5000 },
        snapshots: { directory: "./snapshots", keep: 3 },
        messages: { pace: { perMinute: 30 } },
      };`,
    );
    const { config } = await read([
      "--rate-per-key",
      "7",
      "--sync-history",
      "false",
      "--allow-private-targets",
    ]);
    expect(config).toMatchObject({
      library: "baileys",
      whatsapp: { qrFormat: "url", syncHistory: false, linking: { maxQrs: 3 } },
      http: { rateLimit: { perKey: 7, perAddress: 6 }, trustProxy: ["10.0.0.0/8"], system: true },
      corsOrigins: ["https://app.example.com"],
      eventLog: { keep: 10, durable: true },
      webhooks: { timeoutMs: 5000, allowPrivateTargets: true },
      snapshots: { directory: "./snapshots", keep: 3 },
      messages: { pace: { perMinute: 30 } },
    });
  });

  it.each([
    [["--cluster"], {}, "", true],
    [["--cluster", "--port", "1"], {}, "", true],
    [["--cluster", "redis://bus"], {}, "", { url: "redis://bus" }],
    [[], { ZPWOOT_CLUSTER: "true" }, "", true],
    [[], { ZPWOOT_CLUSTER: "postgres://bus/db" }, "", { url: "postgres://bus/db" }],
    [["--cluster=false"], { ZPWOOT_CLUSTER: "true" }, "", false],
    [[], {}, "{ weight: 2 }", { weight: 2 }],
    [["--cluster"], {}, "{ weight: 2 }", { weight: 2 }],
    [["--cluster", "rediss://bus"], {}, "{ weight: 2 }", { weight: 2, url: "rediss://bus" }],
    [["--cluster=false"], {}, "{ weight: 2 }", false],
  ])("makes %j with %j and %j in the file a node of a cluster as %j", async (args, env, file, expected) => {
    if (file !== "") await write("zpwoot.config.mjs", `export default { cluster: ${file} };`);
    expect((await read(args, env)).config.cluster).toEqual(expected);
  });

  it("takes what cluster() returns whole, and a flag with a server in its place", async () => {
    await write("zpwoot.config.mjs", `export default { cluster: { kind: "zpwoot-cluster", open() {} } };`);
    const plan = { kind: "zpwoot-cluster", open: expect.any(Function) as unknown };
    expect((await read()).config.cluster).toEqual(plan);
    expect((await read(["--cluster"])).config.cluster).toEqual(plan);
    expect((await read(["--cluster", "redis://bus"])).config.cluster).toEqual({ url: "redis://bus" });
  });

  it.each([
    ["{ wieght: 2 }", /^zpwoot\.config\.mjs: cluster\.wieght is not an option \(did you mean weight\?\)$/],
    ["{ weight: -1 }", /^zpwoot\.config\.mjs: cluster\.weight must be a number above 0$/],
    ['"redis://bus"', /^zpwoot\.config\.mjs: cluster must be true, false, the options of cluster\(\)/],
  ])("says what is wrong with cluster: %s", async (cluster, sentence) => {
    await write("zpwoot.config.mjs", `export default { cluster: ${cluster} };`);
    expect(await problemOf([])).toMatch(sentence);
  });

  it.each([
    ["zpwoot.config.json", `{ "port": 8081 }`],
    ["zpwoot.config.js", `module.exports = { port: 8081 };`],
    ["zpwoot.config.cjs", `module.exports = { port: 8081 };`],
    ["zpwoot.config.mjs", `export default { port: 8081 };`],
    ["zpwoot.config.ts", `const port: number = 8081; export default { port };`],
  ])("is read from %s", async (name, text) => {
    await write("package.json", `{ "type": "commonjs" }`);
    await write(name, text);
    expect((await read()).config.port).toBe(8081);
  });

  it("is read from the file that --config or ZPWOOT_CONFIG names, and only from there", async () => {
    await write("zpwoot.config.json", `{ "port": 1 }`);
    await write("other.json", `{ "port": 2 }`);
    expect((await read(["--config", "other.json"])).config.port).toBe(2);
    expect((await read([], { ZPWOOT_CONFIG: join(folder, "other.json") })).config.port).toBe(2);
    expect(await problemOf(["--config", "missing.json"])).toMatch(/missing\.json does not exist/);
  });

  it("names the file and every wrong option in it, with the one that was meant", async () => {
    await write(
      "zpwoot.config.json",
      JSON.stringify({
        prot: 1,
        stor: "memory:",
        host: "",
        whatsapp: { qrFromat: "url" },
        http: { ratelimit: {}, trustProxy: "everyone" },
        webhooks: { timeout: 1 },
        corsOrigins: ["https://app.example.com/path"],
      }),
    );
    const sentences = (await problemOf([])).split("\n");
    expect(sentences.every((sentence) => sentence.startsWith("zpwoot.config.json: "))).toBe(true);
    expect(sentences.join("\n")).toMatch(/prot is not an option \(did you mean port\?\)/);
    expect(sentences.join("\n")).toMatch(/stor is not an option \(did you mean store\?\)/);
    expect(sentences.join("\n")).toMatch(/host must be a text that is not empty/);
    expect(sentences.join("\n")).toMatch(/whatsapp\.qrFromat is not an option \(did you mean qrFormat\?\)/);
    expect(sentences.join("\n")).toMatch(/http\.ratelimit is not an option \(did you mean rateLimit\?\)/);
    expect(sentences.join("\n")).toMatch(/http\.trustProxy must be true, false/);
    expect(sentences.join("\n")).toMatch(/webhooks\.timeout is not an option \(did you mean timeoutMs\?\)/);
    expect(sentences.join("\n")).toMatch(/corsOrigins must be/);
  });

  it.each([
    [["--port=0x10"], /--port \(PORT\): must be a whole number from 0 to 65535 in decimal digits/],
    [["--port", "70000"], /--port \(PORT\)/],
    [
      ["--wa-url", "http://127.0.0.1:3400"],
      /--wa-url \(ZPWOOT_WA_URL\): must be a WebSocket URL: ws:\/\/… where http/,
    ],
    [["--log-level", "loud"], /--log-level \(LOG_LEVEL\): must be one of trace, debug, info/],
    [["--library", "bailey"], /--library \(ZPWOOT_LIBRARY\): must be one of whaileys, baileys/],
    [
      ["--cluster", "http://bus:6379"],
      /--cluster \(ZPWOOT_CLUSTER\): must be true, false, or a URL that begins with redis:/,
    ],
    [["--wait=perhaps"], /--wait \(ZPWOOT_WAIT\): must be true or false/],
    [["--tombstone-days", "1e3"], /must be a number of days, such as 7 or 0\.5/],
    [["--trust-proxy", "me"], /a number of hops, or a list of addresses/],
    [["--prot", "1"], /--prot.*did you mean --port\?/],
  ])("says how to mend %j", async (args, sentence) => {
    expect(await problemOf(args)).toMatch(sentence);
  });

  it("takes a log level in capitals", async () => {
    expect((await read([], { LOG_LEVEL: "DEBUG" })).config.logLevel).toBe("debug");
  });

  it("is printed without secrets", async () => {
    await write(
      "zpwoot.config.mjs",
      `export default { whatsapp: { getMessage: () => undefined }, snapshots: { directory: "d", passphrase: "open sesame" } };`,
    );
    const env = {
      API_KEY: "key-that-is-secret",
      ZPWOOT_ENCRYPTION_KEYS: KEY,
      ZPWOOT_STORE: "postgres://me:hunter2@localhost/db",
      ZPWOOT_CLUSTER: "redis://:hunter3@localhost",
    };
    const printed = printedConfig(await read([], env));
    for (const secret of ["key-that-is-secret", KEY, "hunter2", "hunter3", "open sesame"])
      expect(printed).not.toContain(secret);
    expect(JSON.parse(printed)).toMatchObject({
      configFile: join(folder, "zpwoot.config.mjs"),
      port: 3000,
      store: "postgres://me:***@localhost/db",
      cluster: { url: "redis://:***@localhost" },
      http: { apiKeys: "***" },
      encryptionKeys: ["***"],
      snapshots: { directory: "d", passphrase: "***" },
      whatsapp: { getMessage: "[function]" },
    });
  });

  it("knows a misspelt variable", () => {
    expect(misspeltVariables({ ZPWOOT_STOR: "memory:", ZPWOOT_OTHER_PROGRAM: "x" })).toEqual([
      "ZPWOOT_STOR is not a setting (did you mean ZPWOOT_STORE?)",
    ]);
  });

  it.each([
    ["hunter2", true],
    ["aaaaaaaaaaaaaaaaaaaaaaaaaaaa", true],
    ["change-me-please-before-use", true],
    ["zD4m0mSxN3pQ9tVh2LkYc8Rw", false],
  ])("warns of an API key that can be guessed: %s", (key, isWeak) => {
    const [sentence] = weakKeys(key);
    expect(sentence !== undefined).toBe(isWeak);
    expect(sentence ?? "").not.toContain(key);
  });
});

describe("the help", () => {
  it("has every command and every setting", () => {
    const text = help();
    for (const name of Object.keys(COMMANDS)) expect(text).toContain(`zpwoot ${name}`);
    for (const { flag, env } of Object.values(SETTINGS))
      expect(text).toMatch(new RegExp(`--${flag} +${env}`));
  });

  it.each(Object.keys(COMMANDS))("of %s shows its usage, its flags and an example", (name) => {
    if (!isCommand(name)) throw new Error("not a command");
    const text = helpOf(name);
    expect(text).toContain(`zpwoot ${name}`);
    expect(text).toContain("Example: ");
    for (const flag of Object.keys((COMMANDS[name] as { flags?: object }).flags ?? {}))
      expect(text).toContain(`--${flag}`);
  });
});
