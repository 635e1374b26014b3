/** The blocks of shell in the guide, run as a reader would: against this repository's server, emulator and command, Postgres and MariaDB. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { ClusterWorld } from "../cluster/nodes.js";
import { EngineWorld } from "../support/engine.js";
import { DATABASE_URL, postgresTable, query } from "../support/places.js";
import { MariaDb } from "./maria-db.js";
import { allBlocks, type CodeBlock } from "./pages.js";
import { commandsOf, isMissing, OtherProgram, Terminal } from "./terminal.js";

/** A translation has the code of its original; examples that are projects are run by `npm run try:install`, the others by `npm run examples`. */
const blocks = (await allBlocks("sh")).filter(
  ({ page, note }) =>
    !/pt-BR|^examples\/(next|nest|docker)\//.test(page) && !/^not run, because /.test(note ?? ""),
);
const run = new Set<CodeBlock>();

/** The only block of a page with a text. Called while tests are collected, so that a skipped one counts. */
function blockWith(page: string, text: string): string {
  const [found, ...more] = blocks.filter((block) => block.page === page && block.code.includes(text));
  if (found === undefined || more.length > 0) throw new Error(`not one block of ${page} with ${text}`);
  run.add(found);
  return found.code;
}

/** Answers, one after the other, none of which may be an error. */
function answersIn(output: string): Record<string, unknown>[] {
  const answers = output
    .replaceAll("}{", "}\n{")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const answer of answers) expect(answer).not.toHaveProperty("statusCode");
  return answers;
}

/** A server as of `zpwoot serve`, with the reader's phone and a friend's. */
class Served implements AsyncDisposable {
  readonly key = "a-key-of-the-reader";
  readonly owner: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly #server = createServer();

  private constructor(readonly world: EngineWorld) {
    this.owner = world.emulator.addPhone({ phoneNumber: "5511999990001" });
    this.friend = world.emulator.addPhone({ phoneNumber: "5511999999999" });
    const handler = createHttpHandler(world.manager, { apiKeys: this.key, system: true });
    this.#server.on("request", (request, response) => void handler.node(request, response));
  }

  static async open(): Promise<Served> {
    const served = new Served(await EngineWorld.open());
    served.#server.listen(0, "127.0.0.1");
    await once(served.#server, "listening");
    return served;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What stands in the pages for the server. */
  get replacements(): Record<string, string> {
    return { "http://127.0.0.1:3000": this.url, "http://localhost:3000": this.url };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.world[Symbol.asyncDispose]();
  }
}

describe.skipIf(isMissing("curl") || isMissing("jq"))(
  "the commands that ask the server",
  { timeout: 60_000 },
  () => {
    const quickStart = blockWith("docs/quick-start.md", "sessions/create");
    const firstMessage = blockWith("docs/quick-start.md", "Idempotency-Key: hello-1");
    const sending = blockWith("docs/sending.md", 'Idempotency-Key: order-4711"');
    const upload = blockWith("docs/sending.md", "-F file=@photo.jpg");
    const group = blockWith("docs/groups-and-contacts.md", "Order 4711");
    const media = blockWith("docs/media.md", "webhook.json");
    const n8n = blockWith("docs/recipes.md", "n8n.example");
    const emulators = blockWith("docs/testing.md", "/admin/events");

    it("the quick start: create, connect, look, send, ask how far it got", async () => {
      await using terminal = await Terminal.open();
      await using served = await Served.open();
      const known: Record<string, string> = { ...served.replacements, "key=…": `key=${served.key}` };
      const [setUp = "", create = "", connect = "", status = "", ...more] = commandsOf(quickStart);
      expect(more).toEqual([]);
      const ask = async (command: string): Promise<Record<string, unknown>> =>
        answersIn(await terminal.run(`${setUp}\n${command}`, known))[0] ?? {};
      known["<id>"] = String((await ask(create))["id"]);
      expect(await ask(connect)).toEqual({ message: "Session connection initiated" });
      await served.owner.scan(await served.world.qr(known["<id>"]));
      await served.world.manager.waitFor(known["<id>"], "connected");
      expect(await ask(status)).toMatchObject({ name: "first", status: "connected" });

      const [send = "", look = ""] = commandsOf(firstMessage);
      const sent = await ask(send);
      expect(sent).toMatchObject({ state: "sent" });
      expect(await ask(send)).toEqual(sent);
      known["<messageId>"] = String(sent["id"]);
      expect(await ask(look)).toMatchObject({ id: sent["id"] });
      await served.friend.waitForMessage(({ text }) => text === "Hello");
      expect(served.friend.messages).toHaveLength(1);
    });

    it("of a linked session: send, make a group, fetch a picture that came by webhook, make one for n8n", async () => {
      await using terminal = await Terminal.open();
      await using served = await Served.open();
      const { world, friend, owner, replacements } = served;
      const { id } = await world.linked("sales", owner);
      Object.assign(terminal.env, { KEY: served.key, API_KEY: served.key, ID: id });

      expect(answersIn(await terminal.run(sending, replacements))[0]).toMatchObject({ state: "sent" });

      const [made] = answersIn(await terminal.run(group, replacements));
      expect(made).toMatchObject({ id: expect.stringContaining("@g.us"), results: [{ outcome: "done" }] });

      const picture = Buffer.from("a picture");
      const came = world.next("messages.upsert");
      friend.sendMedia(owner, { kind: "image", bytes: picture });
      const { data } = await came;
      const binary = (_: string, value: unknown): unknown =>
        (value as { type?: string } | null)?.type === "Buffer"
          ? Buffer.from(value as never).toString("base64")
          : value;
      await terminal.write("webhook.json", JSON.stringify({ data }, binary));
      await terminal.run(media, replacements);
      expect(await readFile(join(terminal.folder, "photo.jpg"))).toEqual(picture);

      expect(answersIn(await terminal.run(upload, replacements))[0]).toMatchObject({ state: "sent" });
      const [sent] = friend.messages.filter(({ text }) => text === "Look");
      expect(friend.media(sent?.id ?? "")).toEqual(picture);

      expect(answersIn(await terminal.run(n8n, replacements))[0]).toMatchObject({ name: "n8n" });
    });

    it("the emulator's, from another language", async () => {
      await using terminal = await Terminal.open();
      await using emulator = await WhatsAppEmulator.start({ admin: true });
      const [to] = ["5511999990001", "5511999990002"].map((phoneNumber) =>
        emulator.addPhone({ phoneNumber }),
      );
      await terminal.write("cat.png", "a picture of a cat");
      const [text = "", picture = "", events = ""] = commandsOf(emulators);
      const here = { "127.0.0.1:3400": new URL(emulator.url).host };
      await terminal.run(`${text}\n${picture}`, here);
      expect(to?.messages.map((message) => [message.content.kind, message.text])).toEqual([
        ["text", "hello"],
        ["image", "look"],
      ]);
      // It has no end of its own: curl ends with 28 when its time is over.
      const endless = events.replace(/curl -N (\S+).*/, "curl -sN --max-time 1 $1 || [ $? = 28 ]");
      expect(await terminal.run(endless, here)).toMatch(/^(event|data|id|retry|:)/m);
    });
  },
);

describe("the commands of the migration", { timeout: 120_000 }, () => {
  const page = "docs/migration.md";
  const folder = blockWith(page, "import ./auth_info");
  const manyFolders = blockWith(page, "for folder in");
  const waha = blockWith(page, ".sessions/noweb/default");
  const postgresRows = blockWith(page, '"$DATABASE_URL" --no-align --tuples-only --set session');
  const evolution = blockWith(page, "--set instance");
  const mariaDbRows = blockWith(page, "mysql --batch");
  const otherStore = blockWith(page, "export sales");
  const connects = (other: OtherProgram, terminal: Terminal, name: string): Promise<boolean> =>
    other.connects(`lmdb:${join(terminal.folder, ".zpwoot")}`, name);

  it("a folder, many folders, a folder of WAHA's: each is a session that connects without a QR code", async () => {
    await using terminal = await Terminal.open();
    await using other = await OtherProgram.open();
    const folders = ["auth_info", "auth/one", "auth/two", ".sessions/noweb/default"];
    for (const name of folders) await other.writeFolder(terminal, name);
    const [importing = "", serving = ""] = commandsOf(folder);
    await terminal.run(importing);
    expect(await connects(other, terminal, "sales")).toBe(true);
    expect(serving).toBe("npx zpwoot serve");
    // Until somebody stops it.
    terminal.env["ZPWOOT_WA_URL"] = other.world.emulator.url;
    await terminal.run(
      `${serving} > log 2>&1 & until grep -q "zpwoot listens on" log; do sleep 0.1; done; kill $!; wait $!`,
    );

    await terminal.run(manyFolders);
    expect(await connects(other, terminal, "two")).toBe(true);
    await terminal.run(waha);
    expect(await connects(other, terminal, "default")).toBe(true);
    const list = await terminal.run("npx zpwoot list");
    for (const name of ["sales", "one", "two", "default"]) expect(list).toContain(name);
  });

  it.skipIf(isMissing("psql"))(
    "rows of baileys-api in Postgres, and of Evolution API beside files",
    async () => {
      await using terminal = await Terminal.open();
      await using other = await OtherProgram.open();
      const schema = `zpwoot_${randomUUID().replaceAll("-", "")}`;
      const url = new URL(DATABASE_URL);
      url.searchParams.set("options", `-csearch_path=${schema}`);
      terminal.env["DATABASE_URL"] = url.href.replaceAll("+", "%20");
      await query(`CREATE SCHEMA ${schema}`);
      try {
        await query(`CREATE TABLE ${schema}."Session" ("sessionId" text, id text, data text, creds text)`);
        const instance = "3f1e0c7a-0000-4000-8000-000000000000";
        for (const [id, data] of other.records)
          await query(
            `INSERT INTO ${schema}."Session" VALUES ('my-session', $t$${id}$t$, $t$${data}$t$), ('another', 'creds', '{}')`,
          );
        await terminal.run(postgresRows);
        expect(await connects(other, terminal, "my-session")).toBe(true);

        await query(`DELETE FROM ${schema}."Session"`);
        // Text in text, as it keeps them.
        const creds = JSON.stringify(other.records.get("creds"));
        await query(`INSERT INTO ${schema}."Session" VALUES ('${instance}', '1', '', $t$${creds}$t$)`);
        await other.writeFolder(terminal, `instances/${instance}`);
        await terminal.run(`rm instances/${instance}/creds.json`);
        await terminal.run(evolution);
        expect(await connects(other, terminal, "sales")).toBe(true);
      } finally {
        await query(`DROP SCHEMA ${schema} CASCADE`);
      }
    },
  );

  it.skipIf(isMissing("mariadbd", { alsoInCi: true }))("rows of baileys-api in MariaDB", async () => {
    await using terminal = await Terminal.open();
    await using other = await OtherProgram.open();
    await using database = await MariaDb.start();
    await terminal.write(".my.cnf", database.options);
    Object.assign(terminal.env, { HOME: terminal.folder, DATABASE_NAME: "others" });
    const rows = [...other.records].map(
      ([id, data]) => `('my-session', '${id}', '${data.replaceAll("\\", "\\\\").replaceAll("'", "''")}')`,
    );
    await terminal.write(
      "rows.sql",
      `CREATE DATABASE others; USE others; CREATE TABLE Session (sessionId VARCHAR(128), id VARCHAR(128), data LONGTEXT);
       INSERT INTO Session VALUES ${rows.join(",\n")};`,
    );
    await terminal.run("mysql < rows.sql");
    await terminal.run(mariaDbRows);
    expect(await connects(other, terminal, "my-session")).toBe(true);
  });

  it("from one store to another", async () => {
    await using terminal = await Terminal.open();
    await using other = await OtherProgram.open();
    const table = postgresTable();
    try {
      terminal.env["ZPWOOT_PASSPHRASE"] = "correct horse";
      await other.writeFolder(terminal, "auth_info");
      await terminal.run("npx zpwoot import ./auth_info --name sales");
      await terminal.run(otherStore, {
        "postgres://localhost/zpwoot": `'${table.url}'`,
      });
      expect(await other.connects(table.url, "sales")).toBe(true);
    } finally {
      await table.dispose();
    }
  });
});

const drill = blockWith("docs/production.md", "backup restore");

it("the drill of a backup", { timeout: 60_000 }, async () => {
  await using terminal = await Terminal.open();
  const snapshots = { directory: join(terminal.folder, "snapshots"), passphrase: "correct horse" };
  await using world = await EngineWorld.open({ snapshots });
  const { id } = await world.linked("sales");
  await world.manager.takeSnapshot();
  const output = await terminal.run(drill, {
    "…": "correct horse",
    "5f0c7a1e-0000-4000-8000-000000000000": id,
  });
  expect(output).toMatch(/sales/);
});

describe("the commands of a cluster", { timeout: 60_000 }, () => {
  const starting = blockWith("docs/clustering.md", "ZPWOOT_CLUSTER=true");
  const takingOut = blockWith("docs/clustering.md", "cluster drain");

  it("start a node beside others, show all, and take one out", async () => {
    await using terminal = await Terminal.open();
    await using world = await ClusterWorld.open(async () => postgresTable());
    const [, second] = [await world.started({ name: "node-1" }), await world.started({ name: "node-2" })];
    terminal.env["ZPWOOT_WA_URL"] = world.emulator.url;
    const [setUp = "", serving = "", status = ""] = commandsOf(starting);
    const output = await terminal.run(
      `${setUp}
       ${serving.replace(/ #.*/, "")} > log 2>&1 & until grep -q "zpwoot listens on" log; do sleep 0.1; done
       ${status}
       ${takingOut}
       kill $!; wait $!`,
      { "postgres://zpwoot:secret@db/zpwoot": `'${world.place.url}'`, "…": "a-key-of-the-reader" },
    );
    for (const name of ["node-1", "node-2"]) expect(output).toContain(name);
    const nodes = (await second?.cluster?.nodes()) ?? [];
    expect(nodes.find(({ self }) => self)).toMatchObject({ name: "node-2", state: "draining", sessions: 0 });
  });
});

it("no block of the guide is left out: it is run here, or says why it is not", () => {
  expect(
    blocks.filter((block) => !run.has(block)).map(({ place, line }) => `${place} (line ${line})`),
  ).toEqual([]);
});
