/** Steps about connections that end, and the last ones: the client is unlinked. */
import { expect } from "vitest";
import type { DisconnectInput } from "../../../src/testing/index.js";
import type { Step, StepWorld } from "./world.js";

/** Settles when the client can write and is written to. */
async function works(world: StepWorld, text: string): Promise<void> {
  await world.received(() => world.friend.sendText(world.owner, text));
  await world.sends({ text });
}

/** The connection ends, and the client connects again. */
const loses = (what: string, input: DisconnectInput, code: number, client: string): Step => ({
  name: what,
  phone: "offline, then the same device online again",
  client,
  run: async (world) => {
    const { emulator, me, owner } = world;
    expect(emulator.disconnect(me, input)).toBe(1);
    await world.client.until(() => world.client.closedWith !== undefined);
    expect(world.client.closedWith).toBe(code);
    await world.client.reopen();
    await expect.poll(() => owner.companions[0]).toMatchObject({ jid: me, online: true, active: true });
    await works(world, what);
  },
});

/** See the head of this file. */
export const END_STEPS: readonly Step[] = [
  {
    name: "asks whether the connection lives",
    phone: "the service answers",
    client: "the answer",
    run: async ({ socket }) => {
      const attrs = { to: "@s.whatsapp.net", type: "get", xmlns: "w:p", id: socket.generateMessageTag() };
      const answer = await socket.query({ tag: "iq", attrs, content: [{ tag: "ping", attrs: {} }] });
      expect(answer.attrs["type"]).toBe("result");
    },
  },
  loses("is disconnected in good order", { how: "close" }, 428, "closed with 428, then open"),
  loses("loses its connection", { how: "reset" }, 428, "closed with 428, then open"),
  loses("is refused for now (503)", { streamError: 503 }, 503, "closed with 503, then open"),
  {
    name: "is asked to restart (515)",
    phone: "offline, then online",
    client: "closed with 515, then open",
    run: async (world) => {
      const { emulator, me } = world;
      const login = emulator.waitFor("login");
      emulator.disconnect(me, { streamError: 515 });
      await login;
      await world.client.until(() => world.client.isOpen);
      await works(world, "after the restart");
    },
  },
  {
    name: "is replaced by another with the same folder (440)",
    phone: "one device still, online",
    client: "the first is closed with 440, the second is open",
    run: async (world) => {
      const first = world.client;
      await world.saved();
      world.client = await world.fromFolder();
      await first.until(() => first.closedWith !== undefined);
      expect(first.closedWith).toBe(440);
      await world.client.until(() => world.client.isOpen);
      expect(world.owner.companions).toHaveLength(2);
      await works(world, "in its place");
    },
  },
  {
    name: "is banned",
    phone: "the service refuses its logins (403), until it does no more",
    client: "closed with 403, then open",
    run: async (world) => {
      const { emulator, me } = world;
      emulator.faults.add({ at: "login", action: { failure: { reason: 403 } } });
      emulator.disconnect(me, { how: "close" });
      await world.client.until(() => world.client.closedWith !== undefined);
      await expect(Promise.race([world.client.reopen(), world.client.refused()])).resolves.toBe(403);
      await world.client.reopen();
      await works(world, "after the ban");
    },
  },
  {
    name: "logs out",
    phone: "the device is gone, the other one stays",
    client: "closed with 401",
    run: async (world) => {
      const { emulator, owner, socket } = world;
      const unlinked = emulator.waitFor("unlinked", ({ by }) => by === "companion");
      await socket.logout();
      await unlinked;
      await world.client.until(() => world.client.closedWith === 401);
      expect(owner.companions).toMatchObject([{ device: 2 }]);
      expect((await world.second()).isOpen).toBe(true);
    },
  },
  {
    name: "is linked again, from nothing",
    phone: "a new device beside the other",
    client: "is open, and is written to",
    run: async (world) => {
      world.client = await world.another().link(world.owner);
      expect(world.owner.companions).toMatchObject([{ device: 2 }, { device: 3 }]);
      await works(world, "new, and here");
    },
  },
  {
    name: "is unlinked on the phone",
    phone: "no linked device",
    client: "both are closed with 401; the folder is refused (401)",
    run: async (world) => {
      world.owner.unlink();
      for (const client of [world.client, await world.second()])
        await client.until(() => client.closedWith === 401);
      expect(world.owner.companions).toEqual([]);
      const refused = world.emulator.waitFor("login-refused");
      const ghost = await world.fromFolder();
      expect((await refused).reason).toBe(401);
      await ghost.until(() => ghost.closedWith === 401);
    },
  },
];
