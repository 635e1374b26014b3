/** Messages that were sent are kept, for a phone that could not read one and asks for it again. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child } from "../support/child.js";
import type { EngineWorld } from "../support/engine.js";
import { extent } from "../support/extent.js";
import { LIBRARIES } from "../support/libraries.js";
import { lmdbFolder } from "../support/places.js";
import { seeded } from "../support/random.js";

const SCRIPT = new URL("../support/engine-child.ts", import.meta.url);

/** A linked session whose messages get lost on their way to a friend, so that the friend has to ask for them. */
async function sending(world: EngineWorld) {
  const { id, phone } = await world.linked();
  const friend = world.phone();
  const device = phone.companions[0]?.jid ?? "";
  const socket = (): ReturnType<typeof world.manager.socket> => world.manager.socket(id);
  // Both sides have keys of each other.
  await (await socket()).sendMessage(friend.jid, { text: "the first" });
  await friend.waitForMessage(({ text }) => text === "the first");
  const lost = async (content: Parameters<Awaited<ReturnType<typeof socket>>["sendMessage"]>[1]) => {
    world.emulator.faults.add({ at: "message", action: "drop" });
    const sent = await (await socket()).sendMessage(friend.jid, content);
    return sent?.key ?? {};
  };
  /** What the friend gets of these, asked for in this order; the last one is there to wait for. */
  const asked = async (ids: readonly (string | null | undefined)[]): Promise<(string | undefined)[]> => {
    const last = await lost({ text: `the end ${friend.messages.length}` });
    const all = [...ids, last.id];
    for (const one of all) friend.forge.askAgain(one ?? "", device);
    await friend.waitForMessage(({ id: got }) => got === last.id);
    return textsOf(friend, ids);
  };
  return { id, phone, friend, device, socket, lost, asked };
}

function textsOf(friend: VirtualPhone, ids: readonly (string | null | undefined)[]): (string | undefined)[] {
  return ids.map((id) => friend.messages.find((message) => message.id === id)?.text);
}

const restart = (world: EngineWorld, id: string): Promise<unknown> =>
  world.restarted(id).then(() => world.manager.waitFor(id, "connected", { timeoutMs: 15_000 }));

describe.each(LIBRARIES)("with $name", ({ open }) => {
  it("a message is sent again when a phone asks for it after a restart", async () => {
    await using world = await open();
    const { id, asked, lost } = await sending(world);
    const { id: text } = await lost({ text: "kept over a restart" });
    const { id: other } = await lost({ text: "and another" });
    await restart(world, id);
    expect(await asked([text, other])).toEqual(["kept over a restart", "and another"]);
    expect(world.emulator.violations).toEqual([]);
  });

  it("what was relayed as it is, is kept, too", async () => {
    await using world = await open();
    const { id, friend, socket, asked } = await sending(world);
    world.emulator.faults.add({ at: "message", action: "drop" });
    const relayed = await (await socket()).relayMessage(friend.jid, { conversation: "relayed" }, {});
    expect(relayed).toMatch(/^3EB0[0-9A-F]{18}$/);
    await restart(world, id);
    expect(await asked([relayed])).toEqual(["relayed"]);
  });

  it("a message to a group is sent again to the member that asks", async () => {
    await using world = await open();
    const { id, phone, friend, device, socket } = await sending(world);
    const group = phone.createGroup("all", [friend]);
    await (await socket()).sendMessage(group.jid, { text: "to all" });
    await friend.waitForMessage(({ text }) => text === "to all");
    world.emulator.faults.add({ at: "message", action: "drop" });
    const lost = await (await socket()).sendMessage(group.jid, { text: "lost to all" });
    await restart(world, id);
    friend.forge.askAgain(lost?.key.id ?? "", device, group);
    const { chat } = await friend.waitForMessage(({ text }) => text === "lost to all");
    expect(chat).toBe(group.jid);
  });

  it.each(["before", "after"])("a message comes with its newest edit, made %s a restart", async (when) => {
    await using world = await open();
    const { id, friend, asked, lost } = await sending(world);
    const key = await lost({ text: "wrogn" });
    if (when === "after") await restart(world, id);
    await lost({ text: "wrong", edit: key });
    await lost({ text: "right", edit: key });
    if (when === "before") await restart(world, id);
    expect(await asked([key.id])).toEqual(["right"]);
    expect(friend.messages.map(({ text }) => text)).not.toContain("wrogn");
  });

  it.each(["before", "after"])("a deleted message is not sent again, deleted %s a restart", async (when) => {
    await using world = await open();
    const { id, asked, lost } = await sending(world);
    const key = await lost({ text: "regretted" });
    const edit = await lost({ text: "regretted, too", edit: key });
    if (when === "after") await restart(world, id);
    await lost({ delete: key });
    if (when === "before") await restart(world, id);
    expect(await asked([key.id, edit.id])).toEqual([undefined, undefined]);
    expect(world.map.size).toBeGreaterThan(0);
    expect(JSON.stringify([...world.map])).not.toContain("regretted");
  });

  it("nor one that was deleted on the phone", async () => {
    await using world = await open();
    const { phone, friend, socket, asked } = await sending(world);
    const sent = await (await socket()).sendMessage(friend.jid, { text: "deleted on the phone" });
    await phone.waitForMessage(({ id }) => id === sent?.key.id);
    const heard = world.next("messages.upsert", ({ data }) =>
      JSON.stringify(data).includes(sent?.key.id ?? "-"),
    );
    phone.revoke(sent?.key.id ?? "");
    await heard;
    const before = friend.messages.length;
    await asked([sent?.key.id]);
    expect(friend.messages.slice(before).map(({ text }) => text)).not.toContain("deleted on the phone");
    expect(JSON.stringify([...world.map])).not.toContain("deleted on the phone");
  });

  it("a message of one chat is not sent to who asks for it in another", async () => {
    await using world = await open();
    const { phone, device, socket, lost, asked } = await sending(world);
    const { id: secret } = await lost({ text: "for the friend" });
    const stranger = world.phone();
    await (await socket()).sendMessage(stranger.jid, { text: "hi" });
    await stranger.waitForMessage(({ text }) => text === "hi");
    stranger.forge.askAgain(secret ?? "", device);
    expect(await asked([secret])).toEqual(["for the friend"]);
    expect(stranger.messages.map(({ text }) => text)).toEqual(["hi"]);
    expect(phone.companions).toHaveLength(1);
  });

  it("the caller's own function comes first", async () => {
    const own = new Map<string | null | undefined, { conversation: string }>();
    await using world = await open({ whatsapp: { getMessage: async ({ id }) => own.get(id) } });
    const { lost, asked } = await sending(world);
    const { id: theirs } = await lost({ text: "the engine's" });
    own.set(theirs, { conversation: "the caller's" });
    const { id: ours } = await lost({ text: "the engine's, too" });
    expect(await asked([theirs, ours])).toEqual(["the caller's", "the engine's, too"]);
  });

  it("a message costs no commit of its own", async () => {
    const commits = async (keep: SessionManagerOptions["sentMessages"]): Promise<number> => {
      const map = new CountingMap();
      await using world = await open({ store: map, sentMessages: keep ?? {} });
      const { friend, socket } = await sending(world);
      const send = await socket();
      const before = map.commits;
      for (let n = 0; n < 20; n += 1) await send.sendMessage(friend.jid, { text: `${n}` });
      await friend.waitForMessage(({ text }) => text === "19");
      return map.commits - before;
    };
    expect(await commits({})).toBe(await commits({ durable: false }));
  });
});

/** Counts the turns of the event loop in which something is written. */
class CountingMap extends Map<string, unknown> {
  commits = 0;
  #counted = false;

  override set(key: string, value: unknown): this {
    if (!this.#counted) {
      this.commits += 1;
      this.#counted = true;
      setImmediate(() => (this.#counted = false));
    }
    return super.set(key, value);
  }
}

describe.each(["whaileys", "baileys-7"])("kill -9 while it sends, with %s", (library) => {
  it("what left before can be asked for after the restart", { timeout: 90_000 }, async () => {
    const random = seeded(31);
    const place = await lmdbFolder();
    await using emulator = await WhatsAppEmulator.start();
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
    const children: Child[] = [];
    onTestFinished(async () => {
      for (const child of children) await child.end("SIGKILL");
      await place.dispose();
    });
    const start = (mode: string): Child => {
      const child = new Child(SCRIPT, [place.url, emulator.url, mode, library]);
      children.push(child);
      return child;
    };
    let dropped = 0;
    emulator.on("fault", () => (dropped += 1));
    let child = start("connect");
    await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
    for (let round = 0; round < extent(3, 10); round += 1) {
      await child.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      // None of them arrives.
      const arrive = emulator.faults.add({ at: "message", action: "drop", times: Infinity });
      dropped = 0;
      child.send(`flood ${friend.jid} 200 round${round}`);
      await expect.poll(() => dropped, { interval: 1, timeout: 20_000 }).toBeGreaterThan(random() * 60);
      await child.end("SIGKILL");
      await expect.poll(() => phone.companions[0]?.online).toBe(false);
      arrive();
      child = start("start");
      const ids = Array.from({ length: dropped }, (_, n) => `3EB0-round${round}-${n}`);
      for (const id of ids) friend.forge.askAgain(id, phone.companions[0]?.jid ?? "");
      await friend.waitForMessage(({ id }) => id === ids.at(-1), { timeoutMs: 20_000 });
      const got = friend.messages.filter(({ id }) => id.startsWith(`3EB0-round${round}-`));
      expect(got.map(({ text }) => text)).toEqual(ids.map((_, n) => `round${round} ${n}`));
    }
    expect(emulator.violations).toEqual([]);
  });
});
