/** Devices for which WhatsApp has no keys, or none that can be used: the message reaches all others. */
import { describe, expect, it } from "vitest";
import type { VirtualPhone } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";

/** For a busy machine. */
const PATIENT = { timeout: 10_000 };
const WAYS = ["error", "nothing", "damaged"] as const;

const texts = ({ messages }: VirtualPhone): unknown[] => messages.map(({ text }) => text);

describe.each(LIBRARIES)("keys that WhatsApp does not give, with $name:", ({ open }) => {
  it("of one device of several: the message reaches the others, and that device later ones", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    for (const as of WAYS) {
      const friend = world.phone();
      const computer = await world.linked(`the friend's computer, ${as}`, friend);
      const devices = [friend.companions[0]?.jid ?? "", ...(as === "error" ? [phone.jid] : [])];
      world.emulator.behaviour.withholdPreKeys = { devices, as };
      await socket.sendMessage(friend.jid, { text: "hello" });
      await expect.poll(() => texts(friend), PATIENT).toEqual(["hello"]);
      world.emulator.behaviour.withholdPreKeys = { devices: [], as };
      const come = world.next("messages.upsert", ({ sessionId, data }) =>
        [sessionId === computer.id, JSON.stringify(data).includes("again")].every(Boolean),
      );
      await socket.sendMessage(friend.jid, { text: "again" });
      await come;
      await expect.poll(() => texts(phone), PATIENT).toContain("again");
    }
    expect(world.all("session.bad-signature")).toEqual([]);
    expect(world.emulator.violations).toEqual([]);
  });

  it("of one member of a group: the others receive the message, and the member receives later ones", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    for (const as of WAYS) {
      const [friend, other] = [world.phone(), world.phone()];
      const group = friend.createGroup(`Family, ${as}`, [phone, other]);
      world.emulator.behaviour.withholdPreKeys = { devices: [other.jid], as };
      await socket.sendMessage(group.jid, { text: "one" });
      await expect.poll(() => texts(friend), PATIENT).toEqual(["one"]);
      // The only device that lacks the key of the group.
      await socket.sendMessage(group.jid, { text: "two" });
      await expect.poll(() => texts(friend), PATIENT).toEqual(["one", "two"]);
      world.emulator.behaviour.withholdPreKeys = { devices: [], as };
      await socket.sendMessage(group.jid, { text: "three" });
      await expect.poll(() => texts(friend), PATIENT).toEqual(["one", "two", "three"]);
      await expect.poll(() => texts(other), PATIENT).toContain("three");
    }
    expect(world.emulator.violations).toEqual([]);
  });

  it("of a member of a group that asks for a message while the next is sent: it receives both", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    const [friend, other] = [world.phone(), world.phone()];
    const group = friend.createGroup("Family", [phone, other]);
    const { behaviour, faults } = world.emulator;
    behaviour.withholdPreKeys = { devices: [other.jid], as: "error" };
    let next: Promise<unknown> | undefined;
    world.emulator.on("receipt", ({ type, from }) => {
      if (type !== "retry" || from !== other.jid || next !== undefined) return;
      behaviour.withholdPreKeys = { devices: [], as: "error" };
      // The keys for the next message come late: by then, the first could be sent again.
      faults.add({ at: "query", query: { xmlns: "encrypt", child: "key" }, action: { delayMs: 500 } });
      next = socket.sendMessage(group.jid, { text: "two" });
    });
    await socket.sendMessage(group.jid, { text: "one" });
    await expect.poll(() => texts(other).sort(), PATIENT).toEqual(["one", "two"]);
    await next;
    await expect.poll(() => texts(friend), PATIENT).toEqual(["one", "two"]);
    expect(world.emulator.violations).toEqual([]);
  });

  it("of every device of a person: the message is rejected, and the session goes on", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    for (const as of WAYS) {
      const friend = world.phone();
      world.emulator.behaviour.withholdPreKeys = { devices: [friend.jid], as };
      await expect(socket.sendMessage(friend.jid, { text: "lost" })).rejects.toMatchObject({
        code: "RECIPIENT_UNREACHABLE",
      });
      world.emulator.behaviour.withholdPreKeys = { devices: [], as };
      await socket.sendMessage(friend.jid, { text: "behind it" });
      await expect.poll(() => texts(friend), PATIENT).toEqual(["behind it"]);
    }
    await expect.poll(() => texts(phone), PATIENT).toContain("behind it");
    expect(JSON.stringify(phone.messages)).not.toContain("lost");
  });
});
