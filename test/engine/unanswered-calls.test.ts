/** A call that WhatsApp does not answer settles when what it wrote has left the process, and not while it waits for the store. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { StallingAdapter } from "../support/stalling-adapter.js";

/** A linked session that has received a message, which its store does not confirm. */
async function stalling(open: (options: SessionManagerOptions) => Promise<EngineWorld>) {
  const store = new StallingAdapter();
  const world = await open({ store });
  onTestFinished(() => world[Symbol.asyncDispose]());
  const { id, phone } = await world.linked();
  // A webhook, so that messages are stored before they are acknowledged.
  await world.manager.update(id, { webhook: { url: "https://203.0.113.9/", events: ["messages.upsert"] } });
  const friend = world.phone();
  const socket = await world.manager.socket(id);
  await socket.sendMessage(friend.jid, { text: "the first" });
  await friend.waitForMessage(({ text }) => text === "the first");
  const resume = store.stall();
  const emitted = world.next("messages.upsert");
  friend.sendText(phone, "not confirmed");
  await emitted;
  return { resume, world, id, friend, socket };
}

type Socket = Awaited<ReturnType<SessionManager["socket"]>>;

/** The calls, by name. */
const CALLS: Readonly<Record<string, (socket: Socket, jid: string) => Promise<unknown>>> = {
  sendMessage: (socket, jid) => socket.sendMessage(jid, { text: "held" }),
  relayMessage: (socket, jid) => socket.relayMessage(jid, { conversation: "held, too" }, {}),
  readMessages: (socket, jid) => socket.readMessages([{ remoteJid: jid, id: "3EB0AA", fromMe: false }]),
  sendPresenceUpdate: (socket, jid) => socket.sendPresenceUpdate("composing", jid),
  sendNode: (socket) => socket.sendNode({ tag: "presence", attrs: { type: "available" } }),
};

describe.each(LIBRARIES)("with $name", ({ open }) => {
  it("calls of a socket that WhatsApp does not answer settle when what they wrote has left", async () => {
    const { resume, world, friend, socket } = await stalling(open);
    const settled: string[] = [];
    const calls = Object.entries(CALLS).map(async ([name, call]) => {
      await call(socket, friend.jid);
      settled.push(name);
    });
    await sleep(300);
    expect(settled).toEqual([]);
    expect(friend.messages.map(({ text }) => text)).not.toContain("held");
    resume();
    await Promise.all(calls);
    for (const sent of ["held", "held, too"]) await friend.waitForMessage(({ text }) => text === sent);
    expect(world.emulator.violations).toEqual([]);
  });

  it("they reject when the connection ends before", async () => {
    const { resume, world, id, friend, socket } = await stalling(open);
    const called = socket.readMessages([{ remoteJid: friend.jid, id: "3EB0AB", fromMe: false }]);
    const rejected = expect(called).rejects.toMatchObject({
      code: "SESSION_NOT_CONNECTED",
      message: expect.stringContaining("readMessages") as string,
    });
    world.emulator.disconnectAll();
    await rejected;
    resume();
    await world.manager.waitFor(id, "connected", { timeoutMs: 15_000 });
  });
});
