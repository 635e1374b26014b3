import { connect as connectTcp } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { generateKeyPair, prefixedKey, xeddsaSign, xeddsaVerify } from "../../src/testing/signal/index.js";
import {
  bigEndian,
  bytesOf,
  childOf,
  childrenOf,
  node,
  type BinaryNode,
} from "../../src/testing/wire/node.js";
import { proto } from "../../src/testing/wire/proto.js";
import { RawClient, RawIdentity } from "./raw-client.js";

describe("the emulator's strictness", () => {
  let emulator: WhatsAppEmulator;
  let phone: VirtualPhone;
  const clients: RawClient[] = [];

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
    phone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana", lid: "123456" });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await emulator.stop();
  });

  async function connect(): Promise<RawClient> {
    const client = new RawClient(emulator.url);
    clients.push(client);
    return client.opened();
  }

  async function registered(keys = new RawIdentity()): Promise<RawClient> {
    const client = await connect();
    await client.handshake(keys.noise, keys.registration());
    return client;
  }

  async function linked(): Promise<RawIdentity> {
    const keys = new RawIdentity();
    const client = await registered(keys);
    const scan = phone.scan(keys.qr((await client.refs())[0] ?? ""));
    await client.signPromise(keys);
    await scan;
    return keys;
  }

  async function loggedIn(keys: RawIdentity, device = 1): Promise<RawClient> {
    const client = await connect();
    await client.handshake(keys.noise, { username: 5511999990001, device, passive: true });
    await client.next((stanza) => stanza.tag === "success");
    return client;
  }

  const problems = (): readonly string[] => emulator.violations.map((violation) => violation.problem);

  const uploadOf = (
    keys: RawIdentity,
    changes: { identity?: Uint8Array; signature?: Uint8Array } = {},
  ): BinaryNode => {
    const signature = xeddsaSign(keys.identity.privateKey, prefixedKey(keys.signedPreKey.publicKey));
    return node("iq", { type: "set", xmlns: "encrypt" }, [
      node("registration", {}, bigEndian(258, 4)),
      node("type", {}, Buffer.of(5)),
      node("identity", {}, changes.identity ?? keys.identity.publicKey),
      node("list", {}, [
        node("key", {}, [node("id", {}, bigEndian(7, 3)), node("value", {}, generateKeyPair().publicKey)]),
      ]),
      node("skey", {}, [
        node("id", {}, bigEndian(2, 3)),
        node("value", {}, keys.signedPreKey.publicKey),
        node("signature", {}, changes.signature ?? signature),
      ]),
    ]);
  };

  it("shows a certificate chain of the real shape, signed up to its root", async () => {
    const client = await registered();
    const chain = proto.certChain.decode(client.certificate ?? Buffer.alloc(0));
    const leaf = proto.certDetails.decode(chain.leaf.details);
    const intermediate = proto.certDetails.decode(chain.intermediate.details);
    expect([intermediate.serial, intermediate.issuerSerial, leaf.serial, leaf.issuerSerial]).toEqual([
      1, 0, 2, 1,
    ]);
    expect(Buffer.from(leaf.key).equals(client.serverStatic ?? Buffer.alloc(0))).toBe(true);
    expect(xeddsaVerify(intermediate.key, chain.leaf.details, chain.leaf.signature)).toBe(true);
    expect(
      xeddsaVerify(emulator.rootPublicKey, chain.intermediate.details, chain.intermediate.signature),
    ).toBe(true);
    const now = Date.now() / 1000;
    for (const { notBefore, notAfter } of [leaf, intermediate])
      expect(notBefore < now && now < notAfter).toBe(true);
  });

  it("takes a handshake that comes byte by byte, behind a routing prefix", async () => {
    const keys = new RawIdentity();
    const client = await connect();
    client.sendHello(Buffer.from([0x45, 0x44, 0, 1, 0, 0, 2, 9, 9]));
    await client.handshake(keys.noise, keys.registration());
    expect(await client.refs()).toHaveLength(6);
  });

  it("takes stanzas in pieces, glued together, and compressed", async () => {
    const client = await loggedIn(await linked());
    const ping = (id: string): BinaryNode => node("iq", { id, type: "get", xmlns: "w:p" }, [node("ping")]);
    const bytes = Buffer.concat([client.sealed(ping("a")), client.sealed(ping("b"), { compress: true })]);
    for (const byte of bytes) client.sendBytes(Buffer.of(byte));
    await client.next((stanza) => stanza.attrs.id === "a");
    await client.next((stanza) => stanza.attrs.id === "b");
    expect(problems()).toEqual([]);
  });

  it.each([
    ["bytes that are no intro", (client: RawClient) => client.sendBytes(Buffer.from("GET / HTTP/1.1"))],
    [
      "an unknown dictionary",
      (client: RawClient) => client.sendBytes(Buffer.from([87, 65, 6, 9, 0, 0, 1, 0])),
    ],
    [
      "a first frame that is no hello",
      (client: RawClient) => client.sendBytes(Buffer.from([87, 65, 6, 3, 0, 0, 0])),
    ],
  ])("records and closes on %s", async (_what, act) => {
    const client = await connect();
    act(client);
    expect(await client.wentWrong()).toBe("closed 1000");
    expect(problems()).toHaveLength(1);
  });

  it("records and ends the stream on bytes that are not authentic", async () => {
    const client = await registered();
    await client.refs();
    client.sendBytes(Buffer.concat([Buffer.from([0, 0, 20]), Buffer.alloc(20)]));
    expect(await client.wentWrong()).toBe("stream:error xml-not-well-formed");
    expect(problems()).toHaveLength(1);
  });

  it("refuses a registration whose signed pre-key is forged", async () => {
    const keys = new RawIdentity();
    const client = await connect();
    await client.handshake(keys.noise, keys.registration({ eSkeySig: Buffer.alloc(64, 1) }));
    expect(await client.wentWrong()).toBe("failure 400");
    expect(problems()).toEqual([expect.stringMatching(/not signed by its identity key/u)]);
  });

  it("refuses a link whose device signature is forged", async () => {
    const keys = new RawIdentity();
    const client = await registered(keys);
    const scan = phone.scan(keys.qr((await client.refs())[0] ?? ""));
    const refused = expect(scan).rejects.toThrow(/not by its identity key/u);
    await client.signPromise(keys, () => new Uint8Array(64).fill(3));
    await refused;
    expect(phone.companions).toEqual([]);
    expect(problems()).toHaveLength(1);
  });

  it("rejects the scan when the companion refuses the device identity, or disconnects", async () => {
    const keys = new RawIdentity();
    const client = await registered(keys);
    const refused = expect(phone.scan(keys.qr((await client.refs())[0] ?? ""))).rejects.toThrow(/error 401/u);
    const iq = await client.next((stanza) => childOf(stanza)?.tag === "pair-success");
    client.send(node("iq", { type: "error", id: iq.attrs.id }, [node("error", { code: "401" })]));
    await refused;

    const others = new RawIdentity();
    const leaver = await registered(others);
    const left = expect(phone.scan(others.qr((await leaver.refs())[0] ?? ""))).rejects.toThrow(
      /closed the connection/u,
    );
    leaver.terminate();
    await left;
  });

  it("refuses a QR code whose keys are not those its client registered", async () => {
    const client = await registered();
    const forged = new RawIdentity().qr((await client.refs())[0] ?? "");
    await expect(phone.scan(forged)).rejects.toThrow(/not those its client registered/u);
  });

  it("ends a scan at its deadline", async () => {
    const keys = new RawIdentity();
    const client = await registered(keys);
    const qr = keys.qr((await client.refs())[0] ?? "");
    await expect(phone.scan(qr, { timeoutMs: 20 })).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("refuses a login with another noise key, another device, or none", async () => {
    const keys = await linked();
    for (const [noise, device] of [
      [generateKeyPair(), 1],
      [keys.noise, 2],
      [keys.noise, undefined],
    ] as const) {
      const client = await connect();
      await client.handshake(noise, { username: 5511999990001, ...(device !== undefined && { device }) });
      expect(await client.wentWrong()).toBe("failure 401");
    }
  });

  it("refuses what it does not know, of whatever kind, so that nothing waits for an answer", async () => {
    const client = await loggedIn(await linked());
    client.send(node("novelty", { id: "1", to: "@s.whatsapp.net" }));
    const ack = await client.next(({ tag, attrs }) => tag === "ack" && attrs.id === "1");
    expect(ack.attrs).toMatchObject({ class: "novelty", error: "501" });
    const { attrs } = await client.query(node("iq", { xmlns: "novelty" }, [node("thing")]));
    expect(attrs.type).toBe("error");
    expect(emulator.unknownQueries).toMatchObject([{ tag: "novelty" }, { tag: "iq", xmlns: "novelty" }]);
  });

  it("takes pre-keys, hands each out once, and then a bundle without", async () => {
    const keys = await linked();
    const client = await loggedIn(keys);
    expect((await client.query(uploadOf(keys))).attrs.type).toBe("result");
    const fetch = node("iq", { type: "get", xmlns: "encrypt" }, [
      node("key", {}, [node("user", { jid: "5511999990001:1@s.whatsapp.net" })]),
    ]);
    const [first, second] = [await client.query(fetch), await client.query(fetch)].map((answer) =>
      childOf(childOf(answer, "list"), "user"),
    );
    expect(childOf(first, "key")).toBeDefined();
    expect(childOf(second, "key")).toBeUndefined();
    expect(bytesOf(childOf(second, "identity"))?.equals(keys.identity.publicKey)).toBe(true);
  });

  it("answers a digest of the keys, and takes a rotated signed pre-key", async () => {
    const keys = await linked();
    const client = await loggedIn(keys);
    await client.query(uploadOf(keys));
    const rotated = generateKeyPair();
    const skey = (signer: Uint8Array): BinaryNode =>
      node("rotate", {}, [
        node("skey", {}, [
          node("id", {}, bigEndian(9, 3)),
          node("value", {}, rotated.publicKey),
          node("signature", {}, xeddsaSign(signer, prefixedKey(rotated.publicKey))),
        ]),
      ]);
    const rotate = (signer: Uint8Array): BinaryNode =>
      node("iq", { type: "set", xmlns: "encrypt" }, [skey(signer)]);
    expect((await client.query(rotate(keys.identity.privateKey))).attrs.type).toBe("result");
    const digest = childOf(
      await client.query(node("iq", { type: "get", xmlns: "encrypt" }, [node("digest")])),
      "digest",
    );
    expect(childrenOf(childOf(digest, "list"))).toHaveLength(1);
    expect(bytesOf(childOf(childOf(digest, "skey"), "value"))?.equals(rotated.publicKey)).toBe(true);
    expect((await client.query(rotate(generateKeyPair().privateKey))).attrs.type).toBe("error");
    expect(problems()).toEqual([expect.stringMatching(/not signed by the device's identity key/u)]);
  });

  it("refuses pre-keys of another identity or with a forged signature", async () => {
    const keys = await linked();
    const client = await loggedIn(keys);
    const foreign = await client.query(uploadOf(keys, { identity: generateKeyPair().publicKey }));
    const forged = await client.query(uploadOf(keys, { signature: Buffer.alloc(64, 9) }));
    for (const answer of [foreign, forged]) expect(childOf(answer, "error")?.attrs.code).toBe("406");
    expect(problems()).toHaveLength(2);
    expect(phone.companions[0]?.preKeyCount).toBe(0);
  });

  it("answers what it does not know with 501, and records it", async () => {
    const client = await loggedIn(await linked());
    const answer = await client.query(node("iq", { type: "get", xmlns: "w:moon" }, [node("phase")]));
    expect(childOf(answer, "error")?.attrs.code).toBe("501");
    expect(emulator.unknownQueries).toMatchObject([
      { tag: "iq", xmlns: "w:moon", type: "get", child: "phase", jid: "5511999990001:1@s.whatsapp.net" },
    ]);
  });

  it("finds accounts by phone number and by LID, and says who is not there", async () => {
    const client = await loggedIn(await linked());
    const users = ["5511999990001@s.whatsapp.net", "123456@lid", "5511000000000@s.whatsapp.net"];
    const answer = await client.query(
      node("iq", { type: "get", xmlns: "usync" }, [
        node("usync", { sid: "1", mode: "query", context: "message" }, [
          node("query", {}, [node("devices", { version: "2" }), node("lid"), node("contact")]),
          node(
            "list",
            {},
            users.map((jid) => node("user", { jid })),
          ),
        ]),
      ]),
    );
    const found = childrenOf(childOf(childOf(answer, "usync"), "list"), "user");
    expect(found.map((user) => childOf(user, "contact")?.attrs.type)).toEqual(["in", "in", "out"]);
    const devices = found.map((user) => childrenOf(childOf(childOf(user, "devices"), "device-list")).length);
    expect(devices).toEqual([2, 2, 0]);
    const empty = await client.query(
      node("iq", { type: "get", xmlns: "usync" }, [
        node("usync", { sid: "2" }, [node("query", {}, [node("devices")]), node("list", {}, [])]),
      ]),
    );
    expect(childrenOf(childOf(childOf(empty, "usync"), "list"))).toEqual([]);
  });

  it("lets a companion unlink only itself", async () => {
    const client = await loggedIn(await linked());
    await linked();
    const remove = (jid: string): BinaryNode =>
      node("iq", { type: "set", xmlns: "md" }, [
        node("remove-companion-device", { jid, reason: "user_initiated" }),
      ]);
    const other = await client.query(remove("5511999990001:2@s.whatsapp.net"));
    expect(childOf(other, "error")?.attrs.code).toBe("403");
    const self = await client.query(remove("5511999990001:1@s.whatsapp.net"));
    expect(self.attrs.type).toBe("result");
    expect(await client.wentWrong()).toBe("stream:error 401");
    expect(phone.companions.map((companion) => companion.device)).toEqual([2]);
  });

  it("keeps a stanza until it is acknowledged, and marks it as offline the second time", async () => {
    const keys = await linked();
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    const first = await loggedIn(keys);
    const active = node("iq", { type: "set", xmlns: "passive" }, [node("active")]);
    await first.query(active);
    const { id } = bob.sendText(phone, "hello");
    const live = await first.next((stanza) => stanza.tag === "message");
    expect(live.attrs).toMatchObject({ id, from: bob.jid });
    expect(live.attrs.offline).toBeUndefined();
    const closed = emulator.waitFor("connection.closed", (event) => event.jid !== undefined);
    first.terminate();
    await closed;

    const second = await loggedIn(keys);
    await second.query(active);
    const again = await second.next((stanza) => stanza.tag === "message");
    expect(again.attrs).toMatchObject({ id, offline: "0" });
    const acknowledged = emulator.waitFor("ack");
    second.send(node("ack", { class: "message", id, to: bob.jid }));
    await acknowledged;
    expect(phone.companions[0]?.pendingCount).toBe(0);
  });

  const messageTo = (jid: string, type: string, more: readonly BinaryNode[] = []): BinaryNode =>
    node("message", { id: "M1", type: "text", to: jid }, [
      node("participants", {}, [
        node("to", { jid }, [node("enc", { v: "2", type }, Buffer.alloc(80, 0x33))]),
      ]),
      ...more,
    ]);

  it("asks for a message again that its phone can't read, with keys for a new session", async () => {
    const client = await loggedIn(await linked());
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    await client.query(node("iq", { type: "set", xmlns: "passive" }, [node("active")]));
    const undecryptable = emulator.waitFor("undecryptable");
    client.send(messageTo(bob.jid, "msg"));
    expect(await undecryptable).toMatchObject({
      phoneNumber: bob.phoneNumber,
      id: "M1",
      reason: "no-session",
    });
    expect((await client.next((stanza) => stanza.tag === "ack")).attrs).toMatchObject({
      class: "message",
      id: "M1",
    });
    const receipt = await client.next((stanza) => stanza.tag === "receipt");
    expect(receipt.attrs).toMatchObject({ type: "retry", id: "M1", from: bob.jid });
    expect(childOf(receipt, "retry")?.attrs).toMatchObject({ count: "1", id: "M1" });
    expect(childrenOf(childOf(receipt, "keys")).map(({ tag }) => tag)).toEqual([
      "type",
      "identity",
      "skey",
      "key",
    ]);
    expect(bob.messages).toEqual([]);
  });

  it.each([
    ["without a device identity", []],
    ["with a device identity that is none", [node("device-identity", {}, Buffer.alloc(0))]],
  ])("records a message that starts a session %s", async (_what, more) => {
    const client = await loggedIn(await linked());
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    const violation = emulator.waitFor("protocol-violation");
    client.send(messageTo(bob.jid, "pkmsg", more));
    expect((await violation).problem).toMatch(/device identity/u);
  });

  it("passes a retry request on to the companion that wrote the message", async () => {
    const author = await loggedIn(await linked());
    await author.query(node("iq", { type: "set", xmlns: "passive" }, [node("active")]));
    const reader = await loggedIn(await linked(), 2);
    const retry = node("retry", { count: "1", id: "M2", t: "1", v: "1" });
    reader.send(node("receipt", { id: "M2", type: "retry", to: "5511999990001:1@s.whatsapp.net" }, [retry]));
    const receipt = await author.next((stanza) => stanza.tag === "receipt");
    expect(receipt.attrs).toMatchObject({ type: "retry", id: "M2", from: "5511999990001:2@s.whatsapp.net" });
    expect(childOf(receipt, "retry")).toBeDefined();
  });

  it("leaves out the end of offline traffic, or the LID, when switched so", async () => {
    const keys = await linked();
    emulator.behaviour.announceLid = false;
    emulator.behaviour.announceOffline = false;
    const client = await connect();
    await client.handshake(keys.noise, { username: 5511999990001, device: 1 });
    expect((await client.next((stanza) => stanza.tag === "success")).attrs.lid).toBeUndefined();
    await client.query(node("iq", { type: "set", xmlns: "passive" }, [node("active")]));
    const ping = node("iq", { type: "get", xmlns: "w:p" }, [node("ping")]);
    await client.query(ping);
    const next = client.next((stanza) => stanza.tag === "ib");
    client.terminate();
    await expect(next).rejects.toThrow(/no stanza/u);
  });

  it("answers 404 to an upgrade of another path, and to plain HTTP", async () => {
    const other = new RawClient(emulator.url.replace("/ws/chat", "/elsewhere"));
    clients.push(other);
    expect(await other.wentWrong()).toMatch(/404/u);
    expect((await fetch(emulator.url.replace("ws:", "http:"))).status).toBe(404);
  });

  it("frees its port when it stops, with clients in every state", async () => {
    await registered();
    await loggedIn(await linked());
    const { port, hostname } = new URL(emulator.url);
    const idle = connectTcp(Number(port), hostname);
    await once(idle, "connect");
    const gone = once(idle, "close");
    await Promise.all([emulator.stop(), emulator.stop()]);
    await gone;
    const again = await WhatsAppEmulator.start({ port: Number(port) });
    await again.stop();
  });
});
