import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runEmulatorCommand } from "../../src/cli/emulator.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { WhaileysClient } from "./whaileys-client.js";

interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

describe("the emulator's admin calls", () => {
  let emulator: WhatsAppEmulator;
  const clients: WhaileysClient[] = [];

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start({ admin: true });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.end();
    await emulator.stop();
  });

  async function call(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${emulator.adminUrl}${path}`, {
      method,
      ...(body !== undefined && { body: text }),
    });
    return { status: response.status, body: await response.json() };
  }

  it("adds phones, links by QR and code, carries messages, drops and unlinks", async () => {
    const added = await call("POST", "/phones", { phoneNumber: "+55 11 99999-0001", name: "Ana" });
    expect(added).toMatchObject({
      status: 201,
      body: { phoneNumber: "5511999990001", name: "Ana", companions: [] },
    });
    await call("POST", "/phones", { phoneNumber: "5511999990002" });

    const client = new WhaileysClient(emulator).open();
    clients.push(client);
    const scanned = await call("POST", "/phones/5511999990001/scan", { qr: await client.qr() });
    expect(scanned).toMatchObject({
      status: 200,
      body: { device: 1, jid: "5511999990001:1@s.whatsapp.net" },
    });
    await client.restart();

    const other = new WhaileysClient(emulator).open();
    clients.push(other);
    await other.qr();
    const requested = emulator.waitFor("pairing-code-requested");
    const code = await other.socket.requestPairingCode("5511999990002");
    await requested;
    expect((await call("GET", "/state")).body.pendingPairingNumbers).toEqual(["5511999990002"]);
    expect(await call("POST", "/phones/5511999990002/pairing-code", { code })).toMatchObject({ status: 200 });
    await other.restart();

    const upsert = client.nextUpsert((message) => message.message?.conversation === "hi");
    const sent = await call("POST", "/phones/5511999990002/messages", { to: "5511999990001", text: "hi" });
    expect(sent).toMatchObject({ status: 200, body: { to: "5511999990001@s.whatsapp.net" } });
    await upsert;
    const messages = await call("GET", "/phones/5511999990001/messages");
    expect(messages.body.messages).toMatchObject([{ id: sent.body.id, text: "hi" }]);

    expect(await call("POST", "/phones/5511999990001/drop", { streamError: 503 })).toMatchObject({
      body: { dropped: 1 },
    });
    expect(await client.closeCode()).toBe(503);
    expect(await call("POST", "/phones/5511999990001/unlink")).toMatchObject({ body: { unlinked: 1 } });

    const state = await call("GET", "/state");
    expect(state).toMatchObject({
      status: 200,
      body: { url: emulator.url, violations: [], unknownQueries: [] },
    });
    expect(state.body.phones).toHaveLength(2);
    expect((await call("GET", "/transcript")).body.transcript.join()).toMatch(/<success/u);
  });

  it.each([
    ["POST", "/phones", { phoneNumber: "12" }, 400],
    ["POST", "/phones", { number: "5511999990001" }, 400],
    ["POST", "/phones", "{", 400],
    ["POST", "/phones/5511999990009/scan", { qr: "x" }, 404],
    ["POST", "/phones/5511999990001/scan", { qr: "x" }, 400],
    ["POST", "/phones/5511999990001/pairing-code", { code: "ABCD1234" }, 400],
    ["POST", "/phones/5511999990001/messages", { to: "5511000000000", text: "x" }, 400],
    ["POST", "/phones/5511999990001/unlink", { device: 3 }, 400],
    ["POST", "/phones/5511999990001/drop", { how: "explode" }, 400],
    ["GET", "/moon", undefined, 404],
    ["DELETE", "/state", undefined, 404],
  ])("answers %s %s with %j in a clear error, %i", async (method, path, body, status) => {
    emulator.addPhone({ phoneNumber: "5511999990001" });
    const answer = await call(method, path, body);
    expect(answer).toMatchObject({
      status,
      body: { error: { code: expect.any(String), message: expect.stringMatching(/.{10}/u) } },
    });
  });

  it("refuses a second phone of the same number", async () => {
    await call("POST", "/phones", { phoneNumber: "5511999990001" });
    expect(await call("POST", "/phones", { phoneNumber: "+5511999990001" })).toMatchObject({ status: 400 });
  });

  it("is off unless turned on", async () => {
    await using plain = await WhatsAppEmulator.start();
    const response = await fetch(`${plain.adminUrl}/state`);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/admin calls are off/u);
  });
});

describe("the emulator command", () => {
  it("prints where it listens, adds phones on demand, and ends with its signal", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    let resolve = (): void => undefined;
    const listed = new Promise<void>((done) => (resolve = done));
    const command = runEmulatorCommand({
      port: 0,
      host: "127.0.0.1",
      signal: controller.signal,
      print: (line) => {
        lines.push(line);
        if (line.includes("/admin/transcript")) resolve();
      },
    });
    await listed;
    const origin = /Calls at (\S+):/u.exec(lines.join("\n"))?.[1] ?? "";
    const response = await fetch(`${origin}/admin/phones/5511999990001/messages`, {
      method: "POST",
      body: JSON.stringify({ to: "5511999990002", text: "hi" }),
    });
    expect(response.status).toBe(200);
    controller.abort();
    await command;
    await expect(fetch(`${origin}/admin/state`)).rejects.toThrow();
  });
});
