import { describe, expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const [whaileys, baileys] = LIBRARIES;
const text = (words: string) => (event: { data: unknown }) =>
  JSON.stringify(event.data).includes(`${words}"`);

describe("a session that was linked with one library", () => {
  it.each([
    [whaileys, baileys],
    [baileys, whaileys],
  ])("is connected with the other, without a QR code, and talks on: $name first", async (first, second) => {
    await using world = await first.open();
    const { id, phone } = await world.linked();
    const friend = world.phone();
    const talk = async (where: EngineWorld, words: string): Promise<void> => {
      const come = where.next("messages.upsert", text(words), 10_000);
      friend.sendText(phone, words);
      await come;
      await (await where.manager.socket(id)).sendMessage(friend.jid, { text: `back: ${words}` });
      await friend.waitForMessage((message) => message.text === `back: ${words}`);
    };
    await talk(world, "with the first");
    const group = friend.createGroup("Family", [phone]);
    const told = world.next("messages.upsert", text("in the group"));
    friend.sendText(group, "in the group");
    await told;
    await world.manager.stop();

    const { socketFactory } = second;
    await using other = await EngineWorld.on(world.emulator, {
      store: world.map,
      whatsapp: { socketFactory },
    });
    await other.manager.connect(id);
    await other.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(other.all("session.qr")).toEqual([]);
    await talk(other, "with the second");
    const again = other.next("messages.upsert", text("in the group again"), 10_000);
    friend.sendText(group, "in the group again");
    await again;
    expect(await other.manager.logout(id)).toEqual({ unlinked: "confirmed" });
  });
});
