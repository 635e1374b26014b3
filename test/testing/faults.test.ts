import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  phases,
  WhatsAppEmulator,
  type FaultAction,
  type Phase,
  type VirtualPhone,
} from "../../src/testing/index.js";
import { childOf, node } from "../../src/testing/wire/node.js";
import { RawClient, RawIdentity } from "./raw-client.js";

describe("failure on demand", () => {
  let emulator: WhatsAppEmulator;
  let phone: VirtualPhone;
  const clients: RawClient[] = [];

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
    phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await emulator.stop();
  });

  function connect(): RawClient {
    const client = new RawClient(emulator.url);
    clients.push(client);
    return client;
  }

  /** Links a client and gives its keys; its connection is over. */
  async function linked(): Promise<RawIdentity> {
    const keys = new RawIdentity();
    const client = await connect().opened();
    await client.handshake(keys.noise, keys.registration());
    const scan = phone.scan(keys.qr((await client.refs())[0] ?? ""));
    await client.signPromise(keys);
    await scan;
    expect(await client.wentWrong()).toBe("stream:error 515");
    return keys;
  }

  const count = node("iq", { type: "get", xmlns: "encrypt" }, [node("count")]);
  const active = node("iq", { type: "set", xmlns: "passive" }, [node("active")]);

  /** Takes a client up to a step, as a well-behaved one would; gives the client the step is due for. */
  async function upTo(at: Phase): Promise<RawClient> {
    const isLogin = ["login", "pre-keys", "active", "open"].includes(at);
    const keys = isLogin ? await linked() : new RawIdentity();
    const device = Math.max(...phone.companions.map((companion) => companion.device));
    const login = { username: Number(phone.phoneNumber), device, passive: true };
    const client = connect();
    if (at === "upgrade") return client;
    await client.opened();
    if (at === "client-hello") {
      client.sendHello();
      return client;
    }
    await client.handshake(keys.noise, isLogin ? login : keys.registration());
    if (at === "pair-success" || at === "restart") {
      const scan = phone.scan(keys.qr((await client.refs())[0] ?? ""));
      if (at === "pair-success") await expect(scan).rejects.toThrow(/fault rule/u);
      else await client.signPromise(keys);
      if (at === "restart") await scan;
    }
    if (at === "pre-keys" || at === "active" || at === "open") {
      await client.next((stanza) => stanza.tag === "success");
      const query = at === "pre-keys" ? count : active;
      client.send({ ...query, attrs: { ...query.attrs, id: "q", to: "@s.whatsapp.net" } });
      if (at === "open") await client.next((stanza) => stanza.tag === "ib");
    }
    return client;
  }

  const stanzaPhases = phases.filter((at) => at !== "upgrade" && at !== "client-hello");

  it.each(phases)("closes in good order at %s", async (at) => {
    emulator.faults.add({ at, action: "close" });
    const client = await upTo(at);
    expect(await client.wentWrong()).toMatch(
      at === "upgrade" ? /^error .*hang up|^error ECONNRESET/u : /^closed 1000$/u,
    );
  });

  it.each(phases)("resets the TCP connection at %s", async (at) => {
    emulator.faults.add({ at, action: "reset" });
    const client = await upTo(at);
    expect(await client.wentWrong()).toMatch(/^error ECONNRESET$|^closed 1006$/u);
  });

  it.each(phases)("falls silent at %s, without closing", async (at) => {
    const fault = emulator.waitFor("fault");
    emulator.faults.add({ at, action: "silence" });
    const client = await upTo(at);
    await fault;
    // A whole other exchange proves that the service had time to say something.
    await linked();
    expect(client.outcome).toBeUndefined();
  });

  it.each(phases.filter((at) => at !== "upgrade"))("sends garbage at %s", async (at) => {
    emulator.faults.add({ at, action: "garbage" });
    const client = await upTo(at);
    if (at === "client-hello") expect(await client.firstFrameIsGarbage()).toBe(true);
    else expect(await client.wentWrong()).toBe("garbage");
  });

  it.each(stanzaPhases)("refuses with a failure at %s", async (at) => {
    emulator.faults.add({ at, action: { failure: { reason: 402, expire: 3600 } } });
    const client = await upTo(at);
    expect(await client.wentWrong()).toBe("failure 402");
    const failure = await client.next((stanza) => stanza.tag === "failure");
    expect(failure.attrs).toEqual({ reason: "402", expire: "3600" });
  });

  it.each(stanzaPhases)("ends the stream with an error at %s", async (at) => {
    emulator.faults.add({ at, action: { streamError: 503 } });
    const client = await upTo(at);
    expect(await client.wentWrong()).toBe("stream:error 503");
  });

  it("answers the upgrade with a status", async () => {
    emulator.faults.add({ at: "upgrade", action: { httpStatus: 503 } });
    expect(await connect().wentWrong()).toMatch(/503/u);
  });

  it("applies a rule as often as `times`, then no more", async () => {
    emulator.faults.add({ at: "upgrade", action: { httpStatus: 503 }, times: 2 });
    expect(await connect().wentWrong()).toMatch(/503/u);
    expect(await connect().wentWrong()).toMatch(/503/u);
    await connect().opened();
  });

  it("applies a rule for ever until it is removed", async () => {
    const remove = emulator.faults.add({ at: "upgrade", action: { httpStatus: 429 }, times: Infinity });
    for (let attempt = 0; attempt < 4; attempt += 1) expect(await connect().wentWrong()).toMatch(/429/u);
    remove();
    await connect().opened();
  });

  it("applies a rule for one account to that account only", async () => {
    emulator.faults.add({ at: "login", action: { failure: { reason: 503 } }, phoneNumber: "5511000000000" });
    const client = await upTo("login");
    await client.next((stanza) => stanza.tag === "success");
    emulator.faults.add({
      at: "login",
      action: { failure: { reason: 503 } },
      phoneNumber: "+55 11 99999-0001",
    });
    expect(await (await upTo("login")).wentWrong()).toBe("failure 503");
  });

  it("takes a step late, twice, or spoilt", async () => {
    emulator.faults.add({ at: "pair-device", action: { delayMs: 50 } });
    const begun = performance.now();
    const late = await upTo("pair-device");
    expect((await late.refs()).length).toBe(6);
    expect(performance.now() - begun).toBeGreaterThan(45);
    emulator.faults.add({ at: "pair-device", action: "duplicate" });
    const twice = await upTo("pair-device");
    const first = await twice.refs();
    expect(await twice.refs()).not.toEqual(first);
    emulator.faults.add({ at: "client-hello", action: "corrupt" });
    const spoilt = await connect().opened();
    await expect(
      spoilt.handshake(new RawIdentity().noise, new RawIdentity().registration()),
    ).rejects.toThrow();
  });

  it("drops or refuses a query of one kind, and answers the others", async () => {
    const client = await upTo("pre-keys");
    await client.next((stanza) => stanza.attrs.id === "q");
    const ask = (id: string, xmlns: string, child: string): void =>
      client.send(node("iq", { type: "get", xmlns, to: "@s.whatsapp.net", id }, [node(child)]));
    emulator.faults.add({ at: "query", query: { xmlns: "blocklist" }, action: "drop" });
    emulator.faults.add({ at: "query", query: { child: "privacy" }, action: { error: 503 } });
    ask("dropped", "blocklist", "list");
    ask("refused", "privacy", "privacy");
    ask("answered", "blocklist", "list");
    const refused = await client.next((stanza) => stanza.attrs.id === "refused");
    expect(refused.attrs.type).toBe("error");
    expect(childOf(refused, "error")?.attrs.code).toBe("503");
    expect((await client.next((stanza) => stanza.attrs.id === "answered")).attrs.type).toBe("result");
    expect(client.stanzas.map(({ attrs }) => attrs.id)).not.toContain("dropped");
  });

  it.each([
    ["fin", /^closed 1006$/u],
    [{ closeCode: 1011 }, /^closed 1011$/u],
    ["unknown-token", /^garbage$|token|tag|left over|truncated|end/u],
    [{ streamError: { child: "conflict", type: "device_removed" } }, /stream:error/u],
    ["downgrade", /./u],
  ] as readonly [FaultAction, RegExp][])("ends an open connection with %j", async (action, outcome) => {
    emulator.faults.add({ at: "open", action });
    const client = await upTo("open");
    if (action === "downgrade") {
      const downgrade = await client.next((stanza) => childOf(stanza)?.tag === "downgrade_webclient");
      expect(downgrade.tag).toBe("ib");
    } else expect(await client.wentWrong()).toMatch(outcome);
  });

  it("ends the silence of a connection when the client goes away", async () => {
    emulator.faults.add({ at: "open", action: "silence" });
    const client = await upTo("open");
    const closed = emulator.waitFor("connection.closed", (event) => event.jid !== undefined);
    client.terminate();
    await closed;
    expect(phone.companions.every((companion) => !companion.online)).toBe(true);
  });

  it.each([
    [{ at: "client-hello", action: { failure: { reason: 401 } } }, /can't send a stanza yet/u],
    [{ at: "login", action: { httpStatus: 503 } }, /only be answered at "upgrade"/u],
    [{ at: "login", action: "close", times: 0 }, /at least 1/u],
    [{ at: "lunch" as Phase, action: "close" }, /must be one of/u],
    [{ at: "upgrade", action: "garbage" }, /HTTP status/u],
    [{ at: "login", action: "duplicate" }, /possible only at delivery, pair-device/u],
    [{ at: "open", action: { error: 500 } }, /possible only at/u],
    [{ at: "upgrade", action: { closeCode: 1011 } }, /no WebSocket/u],
    [{ at: "login", action: "close", query: { xmlns: "w" } }, /only at "query"/u],
  ] as readonly [{ at: Phase; action: FaultAction; times?: number }, RegExp][])(
    "refuses the rule %j",
    (rule, why) => {
      expect(() => emulator.faults.add(rule)).toThrow(why);
    },
  );
});
