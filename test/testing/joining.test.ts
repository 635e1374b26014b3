/** How people come into a group by themselves. */
import { describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";

async function threePhones() {
  const emulator = await WhatsAppEmulator.start();
  const [ana, bruno, carla] = [1, 2, 3].map((n) => emulator.addPhone({ phoneNumber: `551199999000${n}` }));
  if (ana === undefined || bruno === undefined || carla === undefined) throw new Error("no phones");
  return { emulator, ana, bruno, carla };
}

describe("a group whose admins decide who joins", () => {
  it("lets in whom they approve, and nobody else", async () => {
    const { emulator, ana, bruno, carla } = await threePhones();
    const group = ana.createGroup("Family");
    group.update(ana, { joinApproval: true });
    expect([group.join(bruno), group.join(carla)]).toEqual([false, false]);
    expect(group.joinRequests).toEqual([bruno.jid, carla.jid]);
    expect(() => group.approve(carla, carla)).toThrow("not in the group");
    expect([group.approve(ana, bruno), group.reject(ana, carla)]).toEqual([true, true]);
    expect(group.approve(ana, carla), "who had not asked again").toBe(false);
    expect(group.members.map(({ phoneNumber }) => phoneNumber)).toEqual([ana.phoneNumber, bruno.phoneNumber]);
    expect(() => group.reject(bruno, carla)).toThrow("not an admin");
    group.update(ana, { joinApproval: false });
    expect(group.join(carla)).toBe(true);
    expect(() => group.join(carla)).toThrow("already");
    await emulator.stop();
  });
});

describe("a group whose members may add others", () => {
  it("takes whom a member adds, until only admins may again", async () => {
    const { emulator, ana, bruno, carla } = await threePhones();
    const group = ana.createGroup("Family", [bruno]);
    expect(() => group.add(bruno, carla)).toThrow("not an admin");
    expect(() => group.update(bruno, { membersMayAdd: true })).toThrow("not an admin");
    group.update(ana, { membersMayAdd: true });
    group.add(bruno, carla);
    expect(group.members).toHaveLength(3);
    expect(() => group.remove(bruno, carla)).toThrow("not an admin");
    await emulator.stop();
  });
});
