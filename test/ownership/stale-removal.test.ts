/** Unlinking can't be taken back: the store is asked who runs the session before a device is unlinked. */
import { describe, expect, it, onTestFinished } from "vitest";
import { OWNER_KEY } from "../../src/store/keys.js";
import { openStore } from "../../src/store/open-store.js";
import { EngineWorld } from "../support/engine.js";
import { postgresTable, redisNamespace } from "../support/places.js";

const PLACES = [
  { name: "Postgres", open: async () => postgresTable() },
  { name: "Redis", open: redisNamespace },
] as const;

/** Another process has the store, by what is stored; nobody has told the first one. */
async function takeOver(url: string): Promise<void> {
  const store = openStore(url);
  await store.changeEach(OWNER_KEY, [OWNER_KEY], (stored) => {
    const owner = stored.get(OWNER_KEY)?.value as { readonly epoch: number };
    return new Map([
      [OWNER_KEY, { ...owner, ownerId: "another", host: "elsewhere", epoch: owner.epoch + 1 }],
    ]);
  });
  await store.close();
}

describe.each(PLACES)("a process that has lost $name, and does not know it", ({ open }) => {
  it.each(["logout", "delete"] as const)("unlinks no device by %s", async (command) => {
    const place = await open();
    onTestFinished(() => place.dispose());
    await using world = await EngineWorld.open({ store: place.url });
    const { id, phone } = await world.linked();
    await takeOver(place.url);
    await expect(world.manager[command](id)).rejects.toMatchObject({ code: "STORE_IN_USE" });
    expect(phone.companions).toHaveLength(1);
  });
});
