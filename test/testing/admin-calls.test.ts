/** The admin calls that a page needs beside text: files, what is done with messages, groups, bans, live events; and who may not call. */
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator, type ChatEntry, type VirtualPhone } from "../../src/testing/index.js";
import { WhaileysClient } from "./whaileys-client.js";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

let emulator: WhatsAppEmulator;
let ana: VirtualPhone;
let bruno: VirtualPhone;
const clients: WhaileysClient[] = [];

beforeEach(async () => {
  emulator = await WhatsAppEmulator.start({ admin: { addPhonesOnDemand: true } });
  ana = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
  bruno = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await emulator.stop();
});

const post = async (path: string, body: unknown = {}, headers: Record<string, string> = {}) => {
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${emulator.adminUrl}${path}`, init);
  return { status: answer.status, body: (await answer.json()) as any }; // eslint-disable-line @typescript-eslint/no-explicit-any
};
const send = (query: string, body: Uint8Array<ArrayBuffer>, type: string): Promise<Response> =>
  fetch(`${emulator.adminUrl}/phones/5511999990001/media?to=5511999990002&${query}`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });

describe("the admin calls about messages", () => {
  it("send files as their bytes, and give them back decrypted, never as something that a browser would run", async () => {
    const sent = await send("kind=image&caption=look&width=1&height=1", new Uint8Array(PNG), "image/png");
    const { id } = (await sent.json()) as { id: string };
    expect(bruno.message(id)).toMatchObject({
      text: "look",
      content: { kind: "image", mimetype: "image/png", width: 1 },
    });
    const file = await fetch(`${emulator.adminUrl}/phones/5511999990002/messages/${id}/media`);
    expect(Buffer.from(await file.arrayBuffer()).equals(PNG)).toBe(true);
    expect(file.headers.get("content-type")).toBe("image/png");
    const page = await send(
      "kind=document&fileName=a.html",
      new TextEncoder().encode("<script>1</script>"),
      "text/html",
    );
    const document = await fetch(
      `${emulator.adminUrl}/phones/5511999990002/messages/${((await page.json()) as { id: string }).id}/media`,
    );
    expect(document.headers.get("content-type")).toBe("application/octet-stream");
    expect(document.headers.get("content-disposition")).toBe("attachment");
    expect(document.headers.get("content-security-policy")).toContain("sandbox");
    expect(document.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("do with a message what its reader and its author can do", async () => {
    const { id } = ana.send(bruno, {
      kind: "buttons",
      text: "Pizza?",
      buttons: [{ id: "yes", text: "Yes" }],
    });
    const of = (number: string, deed: string, body?: object, about = id) =>
      post(`/phones/${number}/messages/${about}/${deed}`, body);
    expect((await of(bruno.phoneNumber, "react", { emoji: "👍" })).status).toBe(200);
    expect(ana.message(id).reactions).toEqual([{ from: bruno.jid, emoji: "👍" }]);
    const chosen = await of(bruno.phoneNumber, "choose", { choice: "Yes" });
    expect(ana.message(chosen.body.id).content).toMatchObject({ kind: "reply", id: "yes" });
    await of(bruno.phoneNumber, "read");
    expect(ana.message(id).status).toBe("read");
    const text = await post(`/phones/${ana.phoneNumber}/messages`, {
      to: bruno.jid,
      text: "helo",
      quote: id,
    });
    expect(bruno.message(text.body.id).quote).toMatchObject({ id });
    await of(ana.phoneNumber, "edit", { text: "hello" }, text.body.id);
    expect(bruno.message(text.body.id)).toMatchObject({ text: "hello", edits: 1 });
    await of(ana.phoneNumber, "revoke", {}, text.body.id);
    expect(bruno.message(text.body.id).status).toBe("revoked");
    const poll = { kind: "poll", name: "When?", options: ["today", "tomorrow"], selectable: 1 };
    const asked = await post(`/phones/${ana.phoneNumber}/messages`, { to: bruno.jid, message: poll });
    await of(bruno.phoneNumber, "vote", { options: ["today"] }, asked.body.id);
    expect(ana.message(asked.body.id).content).toMatchObject({
      votes: [{ from: bruno.jid, options: ["today"] }],
    });
    const forwarded = await of(bruno.phoneNumber, "forward", { to: "5511999990003" }, id);
    expect(emulator.phone("5511999990003").message(forwarded.body.id).forwarded).toBe(true);
  });

  it.each([
    ["/phones/5511999990001/messages", { to: "5511999990002" }, /text or message/u],
    ["/phones/5511999990001/messages", { to: "5511999990002", message: { kind: "poll" } }, /message\.name/u],
    ["/phones/5511999990001/messages/NONE/react", { emoji: "x" }, /no message NONE/u],
    ["/phones/5511999990001/scan", {}, /qr or session/u],
    ["/phones/5511999990001/scan", { session: "nobody" }, /no session nobody/u],
    ["/phones/5511999990001/media?to=5511999990002&kind=cat", {}, /kind/u],
  ])("name what is wrong: %s with %j", async (path, body, message) => {
    const answer = await post(path, body);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body.error.message).toMatch(message);
  });

  it("create a group with the phones that are named", async () => {
    const { body } = await post(`/phones/${ana.phoneNumber}/groups`, {
      subject: "Family",
      members: [bruno.jid, "5511999990007"],
    });
    expect(body).toMatchObject({ subject: "Family", members: [{ role: expect.any(String) }, {}, {}] });
    await post(`/phones/${bruno.phoneNumber}/messages`, { to: body.jid, text: "hello, everybody" });
    expect(emulator.phone("5511999990007").messages).toMatchObject([
      { text: "hello, everybody", chat: body.jid },
    ]);
  });
});

describe("the admin calls about accounts", () => {
  it("ban one: its client is refused with 403 now and at every login, until the ban is lifted", async () => {
    const client = new WhaileysClient(emulator).open();
    clients.push(client);
    await ana.scan(await client.qr());
    await client.restart();
    expect((await post(`/phones/${ana.phoneNumber}/ban`)).body).toEqual({ disconnected: 1 });
    expect(await client.closeCode()).toBe(403);
    await post(`/phones/${ana.phoneNumber}/ban`);
    client.open();
    expect(await client.closeCode()).toBe(403);
    await post(`/phones/${ana.phoneNumber}/unban`);
    const login = emulator.waitFor("login");
    client.open();
    await login;
  });
});

describe("the live events", () => {
  it("bring the state, each message, what becomes of it, and the stanzas", async () => {
    const controller = new AbortController();
    const stream = await fetch(`${emulator.adminUrl}/events`, { signal: controller.signal });
    const reader = (stream.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "";
    const until = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) text += (await reader.read()).value ?? "";
    };
    await until(/event: state\ndata: .*"name":"Bruno".*\n\n/u);
    const { id } = ana.sendText(bruno, "live");
    await until(new RegExp(`event: message\\ndata: .*"5511999990002".*"${id}".*"received".*\\n\\n`, "u"));
    expect(text).toMatch(new RegExp(`"5511999990001".*"${id}".*"sent"`, "u"));
    bruno.react(id, "❤️");
    await until(/"emoji":"❤️"/u);
    emulator.addPhone({ phoneNumber: "5511999990008", name: "Late" });
    await until(/event: state\ndata: .*"Late"/u);
    const client = new WhaileysClient(emulator).open();
    clients.push(client);
    await client.qr();
    await until(/event: stanzas\ndata: .*pair-device/u);
    controller.abort();
  });
});

describe("the gate of the admin calls", () => {
  /** A request with headers that `fetch` does not let pass. */
  const raw = (method: string, path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(emulator.adminUrl);
      request({ port, host: "127.0.0.1", method, path, headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });

  it.each([
    ["another site", { origin: "https://evil.example.com" }, 403],
    ["no site at all", { origin: "null" }, 403],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }, 403],
    ["a site that the browser calls another", { "sec-fetch-site": "cross-site" }, 403],
    [
      "a name of the internet that leads here",
      { host: "evil.example.com", origin: "http://evil.example.com" },
      403,
    ],
    ["a program", {}, 200],
    ["a container by its name", { host: "emulator:3400" }, 200],
    [
      "the same page",
      { host: "localhost:3400", origin: "http://localhost:3400", "sec-fetch-site": "same-origin" },
      200,
    ],
  ])("answers %s with %j", async (_who, headers, status) => {
    expect(await raw("POST", "/admin/phones/5511999990001/ban", headers as Record<string, string>)).toBe(
      status,
    );
    expect(await raw("GET", "/admin/state", headers as Record<string, string>)).toBe(status);
  });

  it("shows the page to whoever asks for it by an address of this machine, with a policy that lets nothing else run", async () => {
    const answer = await fetch(new URL("/", emulator.adminUrl));
    expect(answer.status).toBe(200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
    expect(await answer.text()).not.toContain(ana.phoneNumber);
    expect(await raw("GET", "/", { host: "evil.example.com" })).toBe(403);
  });

  it("keeps the newest messages when asked for some only", async () => {
    for (const text of ["one", "two", "three"]) ana.sendText(bruno, text);
    const answer = await fetch(`${emulator.adminUrl}/phones/5511999990002/messages?limit=2`);
    const { messages } = (await answer.json()) as { messages: ChatEntry[] };
    expect(messages.map(({ text }) => text)).toEqual(["two", "three"]);
  });
});
