import { describe, expect, it } from "vitest";
import { ManualClock, WhatsAppEmulator } from "../../src/testing/index.js";
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

describe("an emulator with a seed", () => {
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
