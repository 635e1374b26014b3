import { describe, expect, it } from "vitest";
import { whaileysSuite } from "./whaileys-suite.js";

describe("messages between virtual phones and an unmodified whaileys", () => {
  const suite = whaileysSuite();

  async function anaLinkedAndBob() {
    const ana = suite.emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
    const bob = suite.emulator.addPhone({ phoneNumber: "5511999990002", name: "Bob" });
    const client = await suite.client().link(ana.phoneNumber);
    return { ana, bob, client };
  }

  it("brings a phone's text to the companion, and the companion's receipt back", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const upsert = client.nextUpsert((message) => message.key.remoteJid === bob.jid);
    const receipt = suite.emulator.waitFor(
      "receipt",
      (event) => event.from === "5511999990001:1@s.whatsapp.net",
    );
    const { id, deviceCount } = bob.sendText(ana, "hello Ana");
    expect(deviceCount).toBe(2);
    const { message, type } = await upsert;
    expect(type).toBe("notify");
    expect(message.key.id).toBe(id);
    expect(message.pushName).toBe("Bob");
    expect(message.message?.conversation).toBe("hello Ana");
    expect((await receipt).ids).toEqual([id]);
    expect(bob.messages).toMatchObject([{ id, status: "delivered", fromMe: true }]);
    expect(ana.messages).toMatchObject([{ id, text: "hello Ana", from: bob.jid, status: "received" }]);
  });

  it("carries a long conversation both ways", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    for (let round = 1; round <= 5; round += 1) {
      const there = client.nextUpsert((message) => message.message?.conversation === `ping ${round}`);
      bob.sendText(ana, `ping ${round}`);
      await there;
      await client.socket.sendMessage(bob.jid, { text: `pong ${round}` });
      await bob.waitForMessage((message) => message.text === `pong ${round}`);
    }
    expect(bob.messages.map((message) => message.text)).toEqual(
      [1, 2, 3, 4, 5].flatMap((round) => [`ping ${round}`, `pong ${round}`]),
    );
  });

  it("brings the companion's text to the other phone and to the own one, with receipts to the companion", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const delivered = client.nextStatus(3);
    const sent = await client.socket.sendMessage(bob.jid, { text: "hello Bob" });
    const id = sent?.key.id ?? "";
    await expect(bob.waitForMessage((message) => message.id === id)).resolves.toMatchObject({
      text: "hello Bob",
      from: ana.jid,
      device: 1,
      fromMe: false,
    });
    await expect(ana.waitForMessage((message) => message.id === id)).resolves.toMatchObject({
      text: "hello Bob",
      chat: bob.jid,
      fromMe: true,
    });
    expect(await delivered).toBe(id);
    const read = client.nextStatus(4);
    bob.read(id);
    expect(await read).toBe(id);
  });

  it("shows the companion what its own phone writes", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const upsert = client.nextUpsert((message) => message.key.fromMe === true);
    const { id } = ana.sendText(bob.phoneNumber, "from my phone");
    const { message } = await upsert;
    expect(message.key).toMatchObject({ id, remoteJid: bob.jid, fromMe: true });
    expect(message.message?.conversation).toBe("from my phone");
    await bob.waitForMessage((entry) => entry.id === id);
    expect(ana.messages).toMatchObject([{ id, status: "delivered" }]);
  });

  it("marks the message on the phone as read when the companion reads it", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const upsert = client.nextUpsert((message) => message.key.remoteJid === bob.jid);
    const { id } = bob.sendText(ana, "read me");
    const { message } = await upsert;
    const read = suite.emulator.waitFor("receipt", (event) => event.type === "read");
    await client.socket.readMessages([message.key]);
    await read;
    expect(bob.messages).toMatchObject([{ id, status: "read" }]);
  });

  it("marks a voice note as read when the companion plays it, and tells its author's devices", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const upsert = client.nextUpsert((message) => message.key.remoteJid === bob.jid);
    const { id } = bob.sendMedia(ana, { kind: "voice", bytes: Buffer.from("a note") });
    await upsert;
    const played = suite.emulator.waitFor("receipt", (event) => event.type === "played");
    await client.socket.sendReceipt(bob.jid, undefined, [id], "played");
    await played;
    expect(bob.messages).toMatchObject([{ id, status: "read" }]);
  });

  it("knows a Brazilian mobile number with and without its ninth digit, when it is asked for a number", async () => {
    const { client } = await anaLinkedAndBob();
    suite.emulator.addPhone({ phoneNumber: "551187654321" });
    suite.emulator.addPhone({ phoneNumber: "5521976543210" });
    const asked = ["5511987654321", "551187654321", "552176543210", "551132654321"];
    expect(await client.socket.onWhatsApp(...asked)).toMatchObject([
      { exists: true, jid: "551187654321@s.whatsapp.net" },
      { exists: true, jid: "551187654321@s.whatsapp.net" },
      { exists: true, jid: "5521976543210@s.whatsapp.net" },
    ]);
  });

  it("carries messages between two companions of different accounts", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const other = await suite.client().link(bob.phoneNumber);
    const upsert = other.nextUpsert((message) => message.key.remoteJid === ana.jid);
    const delivered = client.nextStatus(3);
    const sent = await client.socket.sendMessage(bob.jid, { text: "to both" });
    expect((await upsert).message.message?.extendedTextMessage?.text).toBe("to both");
    await bob.waitForMessage((message) => message.id === sent?.key.id);
    expect(await delivered).toBe(sent?.key.id);
  });

  it("keeps what comes while the companion is away, and brings it at the next login, once", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const closed = suite.emulator.waitFor("connection.closed");
    client.end();
    await closed;
    const { id } = bob.sendText(ana, "while you were out");
    expect(ana.companions).toMatchObject([{ online: false, pendingCount: 1 }]);
    const acknowledged = suite.emulator.waitFor(
      "ack",
      (event) => event.id === id && event.class === "message",
    );
    client.open();
    const { message, type } = await client.nextUpsert((entry) => entry.key.id === id);
    expect(type).toBe("append");
    expect(message.message?.conversation).toBe("while you were out");
    await acknowledged;
    expect(ana.companions).toMatchObject([{ online: true, pendingCount: 0 }]);
    expect(bob.messages).toMatchObject([{ status: "delivered" }]);
  });

  it("answers a retry receipt by sending again in a new session", async () => {
    const { bob, client, ana } = await anaLinkedAndBob();
    const first = client.nextUpsert((message) => message.message?.conversation === "one");
    bob.sendText(ana, "one");
    await first;
    await client.socket.sendMessage(bob.jid, { text: "two" });
    await bob.waitForMessage((message) => message.text === "two");
    client.forgetSessions();
    const retried = suite.emulator.waitFor("receipt", (event) => event.type === "retry");
    const healed = client.nextUpsert((message) => message.message?.conversation === "three");
    bob.sendText(ana, "three");
    await retried;
    await healed;
  });

  it("sends nowhere but to the own phone when the recipient has no account", async () => {
    const { client, ana } = await anaLinkedAndBob();
    const sent = await client.socket.sendMessage("5511000000000@s.whatsapp.net", { text: "anybody?" });
    await expect(ana.waitForMessage((message) => message.id === sent?.key.id)).resolves.toMatchObject({
      fromMe: true,
    });
    expect(await client.socket.onWhatsApp("5511999990002", "5511000000000")).toMatchObject([
      { exists: true, jid: "5511999990002@s.whatsapp.net" },
    ]);
  });

  it("spends one pre-key per new contact, and asks for more when the stock runs low", async () => {
    const { bob, ana, client } = await anaLinkedAndBob();
    const received = client.nextUpsert((message) => message.key.remoteJid === bob.jid);
    bob.sendText(ana, "takes one");
    await received;
    expect(ana.companions[0]?.preKeyCount).toBe(29);
    const uploaded = suite.emulator.waitFor("pre-keys-uploaded");
    for (let contact = 0; contact < 25; contact += 1) {
      suite.emulator.addPhone({ phoneNumber: `55119999${10_000 + contact}` }).sendText(ana, "hello");
    }
    expect((await uploaded).count).toBe(30);
    expect(ana.companions[0]?.preKeyCount).toBe(34);
  });
});
