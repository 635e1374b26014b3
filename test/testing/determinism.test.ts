import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/testing/context/random.js";
import { ManualClock, WhatsAppEmulator } from "../../src/testing/index.js";
import { xeddsaSign } from "../../src/testing/signal/index.js";
import { node } from "../../src/testing/wire/node.js";
import { RawClient, RawIdentity } from "./raw-client.js";

/** What a test can see of an emulator's randomness. */
async function facts(seed: number | string): Promise<unknown> {
  await using emulator = await WhatsAppEmulator.start({ seed, now: () => 1_700_000_000_000 });
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
  const sent = phone.sendText(friend, "hello");
  const group = phone.createGroup("Family", [friend]);
  const client = await new RawClient(emulator.url).opened();
  const keys = new RawIdentity();
  await client.handshake(keys.noise, keys.registration());
  const refs = await client.refs();
  client.terminate();
  return { root: emulator.rootPublicKey, lid: phone.lid, id: sent.id, group: group.jid, refs };
}

/** Everything that an emulator sends to clients which do the same in each run. */
async function bytesSent(seed: string): Promise<readonly Buffer[]> {
  await using emulator = await WhatsAppEmulator.start({ seed, now: () => 1_700_000_000_000 });
  const owner = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
  const friend = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });
  const random = seededRandom("the client");
  const keys = new RawIdentity(random);
  const linking = await new RawClient(emulator.url, random).opened();
  await linking.handshake(keys.noise, keys.registration());
  const [ref = ""] = await linking.refs();
  const scanned = owner.scan(keys.qr(ref));
  await linking.signPromise(keys, (key, message) => xeddsaSign(key, message, random(64)));
  await scanned;
  await linking.wentWrong();
  const client = await new RawClient(emulator.url, random).opened();
  await client.handshake(keys.noise, { username: 5511999990001, device: 1, passive: true });
  await client.next(({ tag }) => tag === "success");
  const active = { type: "set", xmlns: "passive", id: "1" };
  await client.query(node("iq", active, [node("active")]));
  friend.sendText(owner, "hello");
  const group = friend.createGroup("Family", [owner]);
  friend.sendText(group, "hello, family");
  await client.next(({ attrs }) => attrs.from === group.jid && attrs.participant !== undefined);
  await client.query(node("iq", { type: "get", xmlns: "w:p", id: "2" }, [node("ping")]));
  // Its message has the address of the media host in it, and with that a port.
  friend.sendMedia(owner, { kind: "image", bytes: Buffer.alloc(100, 1) });
  const paths = emulator.media.files.map(({ path }) => path).join();
  const received = [linking.received, client.received, Buffer.from(paths)];
  client.terminate();
  return received;
}

describe("an emulator with a seed", () => {
  it("sends the same bytes in every run to clients that do the same, and others for another seed", async () => {
    const [first, second] = [await bytesSent("a"), await bytesSent("a")];
    expect(first.map(({ length }) => length > 50)).toEqual([true, true, true]);
    expect(second.every((bytes, at) => bytes.equals(first[at] ?? Buffer.alloc(0)))).toBe(true);
    expect((await bytesSent("b"))[1]?.equals(first[1] ?? Buffer.alloc(0))).toBe(false);
  });

  it("makes the same keys, references and ids in every run, and others for another seed", async () => {
    expect(await facts("a")).toEqual(await facts("a"));
    expect(await facts("a")).not.toEqual(await facts("b"));
  });
});

describe("an emulator with a clock that stands still", () => {
  it("refuses a QR code and a pairing code whose time is over, and stamps what it sends", async () => {
    const clock = new ManualClock(1_700_000_000_000);
    await using emulator = await WhatsAppEmulator.start({ now: clock.now });
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = await new RawClient(emulator.url).opened();
    const keys = new RawIdentity();
    await client.handshake(keys.noise, keys.registration());
    const [ref = ""] = await client.refs();
    clock.advance(179_999);
    const linking = phone.scan(keys.qr(ref));
    await client.signPromise(keys);
    await linking;
    const other = await new RawClient(emulator.url).opened();
    const otherKeys = new RawIdentity();
    await other.handshake(otherKeys.noise, otherKeys.registration());
    const [late = ""] = await other.refs();
    clock.advance(180_000);
    await expect(phone.scan(otherKeys.qr(late))).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("expired"),
    });
    const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
    friend.sendText(phone, "stamped");
    expect(phone.messages[0]?.timestamp).toBe(1_700_000_000 + 359);
    client.terminate();
    other.terminate();
  });
});
