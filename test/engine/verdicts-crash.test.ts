/** `kill -9` of a process the moment that its session shows a verdict: the next ones know it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator, type DisconnectInput } from "../../src/testing/index.js";
import { Child } from "../support/child.js";

const SCRIPT = new URL("../support/engine-child.ts", import.meta.url);
const children: Child[] = [];

let emulator: WhatsAppEmulator;
let folder: string;

beforeEach(async () => {
  emulator = await WhatsAppEmulator.start();
  folder = await mkdtemp(join(tmpdir(), "zpwoot-verdicts-crash-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) await child.end("SIGKILL");
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(mode: "start" | "connect", library: string): Child {
  const child = new Child(SCRIPT, [`lmdb:${join(folder, "store")}`, emulator.url, mode, library]);
  children.push(child);
  return child;
}

/** The detail of the child's session. */
async function shown(child: Child): Promise<unknown> {
  const from = child.facts.length;
  child.send("status");
  return (await child.fact((fact) => "shown" in fact, { from }))["shown"];
}

describe.each(["whaileys", "Baileys 7"])("with %s, five kills", { timeout: 60_000 }, (library) => {
  it.each<[string, DisconnectInput, Readonly<Record<string, unknown>>]>([
    [
      "within a ban make no login",
      { failure: { reason: 402, code: 101, expire: 3_600 } },
      { state: "restricted", reason: "temporary-ban", code: 402, until: expect.any(String) },
    ],
    [
      "of a process whose device was unlinked offer no new link",
      { streamError: 401 },
      { state: "loggedOut", reason: "device-removed" },
    ],
  ])("%s", async (_, end, detail) => {
    const first = start("connect", library);
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    await phone.scan(String((await first.fact(({ qr }) => qr !== undefined))["qr"]));
    await first.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
    emulator.disconnect(phone.jid, end);
    await first.fact(({ state }) => state === detail["state"]);
    await first.end("SIGKILL");

    let opened = 0;
    emulator.on("connection.opened", () => (opened += 1));
    const details: unknown[] = [];
    for (let restart = 1; restart <= 5; restart += 1) {
      const child = start("start", library);
      await child.fact(({ id }) => id !== undefined);
      details.push(await shown(child));
      await child.end("SIGKILL");
    }
    expect(details[0]).toEqual(detail);
    expect(details).toEqual(details.map(() => details[0]));
    expect(opened).toBe(0);
  });
});
