/** Sessions that came to rest, and what is seen of them. */
import type { DisconnectInput } from "../../src/testing/index.js";
import type { EngineWorld } from "./engine.js";

/** Everything that callers see of the session. */
export async function views({ manager }: EngineWorld, id: string) {
  const { updatedAt: _, ...info } = await manager.get(id);
  return { info, status: await manager.getStatus(id), list: (await manager.list())[0]?.detail };
}

/** Counts the connections that reach WhatsApp from now on. */
export function connections({ emulator }: EngineWorld): () => number {
  let opened = 0;
  emulator.on("connection.opened", () => (opened += 1));
  return () => opened;
}

/** A linked session at rest, after what ended its connections. */
export async function rested(world: EngineWorld, ends: readonly DisconnectInput[], state: string) {
  const { id, phone } = await world.linked();
  for (const [index, end] of ends.entries()) {
    const last = index === ends.length - 1;
    const next = last ? world.state(id, state) : world.next("session.status", ({ to }) => to === "connected");
    world.emulator.disconnect(phone.jid, end);
    await next;
  }
  return { id, phone };
}
