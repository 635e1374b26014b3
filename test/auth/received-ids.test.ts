import { describe, expect, it } from "vitest";
import { ReceivedIds } from "../../src/auth/received-ids.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";

describe("the ids of received messages", () => {
  it("are known after a restart, the last 1,900 of them at least, and take bounded room", async () => {
    const map = new Map<string, unknown>();
    const space = sessionSpace(openStore(map), "s");
    const ids = await ReceivedIds.load(space);
    // Ten a write, as they come in a burst: some of them fill a page and begin the next.
    const messages = Array.from({ length: 5_000 }, (_, n) => `message ${n}`);
    for (let n = 0; n < messages.length; n += 10) await space.write(ids.note(messages.slice(n, n + 10)));
    const again = await ReceivedIds.load(space);
    for (const one of [ids, again]) {
      const known = messages.map((message) => one.has(message));
      expect(known.slice(-1_900)).not.toContain(false);
      expect(known.slice(0, 2_900)).not.toContain(true);
    }
    expect([...map.keys()].filter((key) => key.startsWith("wa/s/received/"))).toHaveLength(32);
    expect(again.note(["message 4999"])).toEqual([]);
    await space.write(again.note(["one more"]));
    expect((await ReceivedIds.load(space)).has("one more")).toBe(true);
  });

  it("are known as soon as they are expected, and stored when they are noted", async () => {
    const space = sessionSpace(openStore(new Map()), "s");
    const ids = await ReceivedIds.load(space);
    ids.expect("message");
    expect(ids.has("message")).toBe(true);
    expect((await ReceivedIds.load(space)).has("message")).toBe(false);
    await space.write(ids.note(["message"]));
    expect((await ReceivedIds.load(space)).has("message")).toBe(true);
  });

  it("that were taken back are not known, and not stored with the next ones", async () => {
    const space = sessionSpace(openStore(new Map()), "s");
    const ids = await ReceivedIds.load(space);
    ids.note(["not stored"]);
    ids.expect("not noted");
    ids.takeBack(["not stored", "not noted"]);
    expect(["not stored", "not noted"].map((id) => ids.has(id))).toEqual([false, false]);
    await space.write(ids.note(["stored"]));
    const again = await ReceivedIds.load(space);
    expect(["not stored", "stored"].map((id) => again.has(id))).toEqual([false, true]);
  });

  it("of a page that can't be read are not known, the others are", async () => {
    const map = new Map<string, unknown>();
    const space = sessionSpace(openStore(map), "s");
    const ids = await ReceivedIds.load(space);
    await space.write(ids.note(Array.from({ length: 100 }, (_, n) => `message ${n}`)));
    const [first = ""] = [...map.keys()].filter((key) => key.startsWith("wa/s/received/"));
    map.set(first, "damaged");
    const again = await ReceivedIds.load(space);
    expect(again.has("message 0")).toBe(false);
    expect(again.has("message 99")).toBe(true);
  });
});
