/** Commands for a session that another node runs. */
import { randomBytes, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { WAMessage } from "whaileys";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { ClusterWorld, SHARED_STORES } from "./nodes.js";

/** No lease ends here because the machine is busy. */
const times = { leaseMs: 10_000, renewMs: 3_000, marginMs: 1_000 };
const HEAVY = { times, weight: 1_000, name: "owner" };
/** Takes no sessions but those that are made there. */
const EMPTY = { times, weight: 0.001, name: "other" };

describe.each(SHARED_STORES)("a session of another node on $name", { timeout: 60_000 }, ({ open }) => {
  let world: ClusterWorld;
  /** Runs the sessions. */
  let owner: SessionManager;
  /** Asks for them. */
  let other: SessionManager;
  beforeAll(async () => {
    world = await ClusterWorld.open(open);
    owner = await world.started(HEAVY);
    other = await world.started(EMPTY);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const linked = async (): Promise<{ readonly id: string; readonly phone: VirtualPhone }> => {
    const [session] = await world.link(owner, 1);
    if (session === undefined) throw new Error("unreachable");
    return session;
  };
  const made = async (): Promise<string> => (await owner.create({ name: randomUUID() })).id;

  it("is linked from here: connect, QR code, status, waitFor", async () => {
    const id = await made();
    const phone = world.phone();
    await other.connect(id);
    expect(await other.getStatus(id)).toMatchObject({ id, status: "connecting" });
    const { qrCode } = await untilQR(other, id);
    expect(await other.get(id)).toMatchObject({ id, status: "connecting", qrCode });
    const connected = other.waitFor(id, "connected", { timeoutMs: 20_000 });
    await phone.scan(qrCode);
    expect(await connected).toMatchObject({ status: "connected", phoneNumber: `+${phone.phoneNumber}` });
    expect(await other.getStatus(id)).toEqual(await owner.getStatus(id));
    expect(await other.get(id)).toEqual(await owner.get(id));
  });

  it("is linked by a pairing code", async () => {
    const id = await made();
    const phone = world.phone();
    await other.connect(id);
    const { pairingCode } = await other.pair(id, `+${phone.phoneNumber}`);
    await phone.enterPairingCode(pairingCode);
    await other.waitFor(id, "connected", { timeoutMs: 20_000 });
  });

  it("sends messages, each key once, and says how far they got", async () => {
    const { id } = await linked();
    const friend = world.phone();
    const once = { idempotencyKey: randomUUID() };
    const sent = await other.sendMessage(id, friend.jid, { text: "from afar" }, once);
    expect(await owner.sendMessage(id, friend.jid, { text: "from afar" }, once)).toEqual(sent);
    await friend.waitForMessage(({ text }) => text === "from afar");
    const plain = await other.sendMessage(id, friend.jid, { text: "without a key" });
    expect(await other.getMessage(id, plain.id)).not.toHaveProperty("idempotencyKey");
    expect(await other.getMessage(id, sent.id)).toMatchObject(once);
    const texts = friend.messages.map(({ text }) => text);
    expect(texts).toEqual(["from afar", "without a key"]);
    const bytes = randomBytes(700_000);
    await other.sendMessage(id, friend.jid, { document: Readable.from([bytes]), fileName: "stream" });
    await other.sendMessage(id, friend.jid, { document: bytes, fileName: "bytes" });
    const files = friend.messages.slice(-2).map(({ content }) => (content as { readonly size: number }).size);
    expect(files).toEqual([bytes.length, bytes.length]);
  });

  it("is asked about groups, contacts and chats", async () => {
    const { id, phone } = await linked();
    const friend = world.phone();
    const group = await other.groups.create(id, { subject: "far", participants: [friend.jid] });
    expect((await other.groups.list(id)).map((one) => one.id)).toEqual([group.id]);
    expect(await other.groups.get(id, group.id)).toEqual(await owner.groups.get(id, group.id));
    await other.groups.setSubject(id, group.id, "farther");
    const found = await other.contacts.isOnWhatsApp(id, [friend.phoneNumber, "5511888888888"]);
    expect(found.map(({ exists }) => exists)).toEqual([true, false]);
    const read = friend.sendText(phone, "read me");
    await other.chats.markRead(id, [{ id: read.id, remoteJid: friend.jid, fromMe: false }]);
    await expect.poll(() => friend.messages.find((one) => one.id === read.id)?.status).toBe("read");
  });

  it("streams media, and drops what is not read", async () => {
    const { id, phone } = await linked();
    const friend = world.phone();
    const bytes = randomBytes(2_000_000);
    const come = new Promise<WAMessage>((resolve) => {
      const listener = ({ data }: { readonly data: { readonly messages: readonly WAMessage[] } }): void => {
        const found = data.messages.find(({ message }) => message?.documentMessage != null);
        if (found !== undefined) resolve(found);
      };
      owner.on("messages.upsert", listener);
      onTestFinished(() => void owner.off("messages.upsert", listener));
    });
    friend.sendMedia(phone, { kind: "document", bytes });
    const message = await come;
    const opened = await other.openMedia(id, message);
    expect(opened.bytes).toBe(bytes.length);
    expect((await buffer(opened.body)).equals(bytes)).toBe(true);
    expect((await other.downloadMedia(id, message)).equals(bytes)).toBe(true);
    (await other.openMedia(id, message)).discard();
  });

  it("is disconnected, restarted, changed, exported, imported, logged out and deleted", async () => {
    const { id } = await linked();
    await other.disconnect(id);
    expect(await other.getStatus(id)).toMatchObject({ status: "disconnected" });
    await other.connect(id);
    await other.waitFor(id, "connected", { timeoutMs: 20_000 });
    await other.restart(id);
    const passphrase = "a long passphrase";
    const bundle = await other.exportCredentials(id, { passphrase });
    await other.importCredentials(id, bundle, { passphrase, force: true });
    const updated = await other.update(id, { webhook: { url: "https://example.com/hook" } });
    expect(updated.webhookUrl).toBe("https://example.com/hook");
    await other.connect(id);
    await other.waitFor(id, "connected", { timeoutMs: 20_000 });
    expect(await other.logout(id)).toEqual({ unlinked: "confirmed" });
    await other.delete(id);
    for (const node of [owner, other])
      await expect(node.getStatus(id)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  it("fails as it does there: with code, details and status", async () => {
    const { id } = await linked();
    for (const node of [owner, other]) {
      await expect(node.sendMessage(id, "nobody", { text: "x" })).rejects.toMatchObject({
        code: "INVALID_INPUT",
        details: [expect.stringMatching(/^to /)],
      });
      await expect(node.groups.get(id, "123@g.us")).rejects.toMatchObject({ code: "GROUP_NOT_FOUND" });
    }
    const unknown = randomUUID();
    await expect(other.get(unknown)).rejects.toMatchObject({
      code: "SESSION_NOT_FOUND",
      message: `Session with ID "${unknown}" not found`,
    });
  });

  it("gives no socket: the error names sendMessage", async () => {
    const { id } = await linked();
    await expect(owner.socket(id)).resolves.toBeDefined();
    await expect(other.socket(id)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(/another node of the cluster, "owner".*sendMessage/),
    });
  });

  it("is told when the caller gives up", async () => {
    const id = await made();
    const giveUp = new AbortController();
    const waiting = other.waitFor(id, "connected", { signal: giveUp.signal });
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await expect(other.waitFor(id, "connected", { timeoutMs: 50 })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
  });

  it("is listed as it is", async () => {
    const { id } = await linked();
    const here = (await other.create({ name: randomUUID() })).id;
    const [fromOwner, fromOther] = [await owner.list(), await other.list()];
    expect(fromOther).toEqual(fromOwner);
    expect(fromOther.find((one) => one.id === id)).toMatchObject({ status: "connected" });
    expect(fromOther.some((one) => one.id === here)).toBe(true);
  });

  it("has a name that no node gives again", async () => {
    const name = randomUUID();
    const results = await Promise.allSettled([owner.create({ name }), other.create({ name })]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(results.find((one) => one.status === "rejected")?.reason).toMatchObject({
      code: "SESSION_NAME_TAKEN",
    });
    const found = await Promise.all([owner.getOrCreate({ name }), other.getOrCreate({ name })]);
    expect(found.map(({ created }) => created)).toEqual([false, false]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(1);
    const fresh = randomUUID();
    const both = await Promise.all([owner.getOrCreate({ name: fresh }), other.getOrCreate({ name: fresh })]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
  });
});

async function untilQR(manager: SessionManager, id: string): Promise<{ readonly qrCode: string }> {
  for (const endsAt = performance.now() + 10_000; performance.now() < endsAt;) {
    const { qrCode } = await manager.getQRCode(id);
    if (qrCode !== null) return { qrCode };
  }
  throw new Error("there was no QR code in time");
}
