/** A session whose write has failed: nothing more is written before it is certain what is stored, and then everything is. */
import { expect, it, onTestFinished } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import type { Store } from "../../src/store/store.js";

const AWAY = new ZpwootError("STORE_UNAVAILABLE", "The store is away");

/** A store that is away while that is said. */
async function absent() {
  const inner = openStore(new Map());
  await inner.open();
  onTestFinished(() => inner.close());
  const state = { isAway: false };
  const store = new Proxy<Store>(inner, {
    get: (_, name) => {
      const found = Reflect.get(inner, name) as unknown;
      if (typeof found !== "function") return found;
      return (...args: unknown[]) => {
        if (state.isAway && (name === "write" || name === "noneLate")) return Promise.reject(AWAY);
        return Reflect.apply(found, inner, args) as unknown;
      };
    },
  });
  return { store, state };
}

it("writes that failed before they had their turn don't fail those that come when the store is back", async () => {
  const { store, state } = await absent();
  const space = sessionSpace(store, "s");
  const write = (id: string): Promise<void> => space.write([{ family: "f", id, value: id }]);
  await write("0");
  state.isAway = true;
  await expect(write("1")).rejects.toBe(AWAY);
  // What is stored is not certain now, and can't be found out.
  await expect(write("2")).rejects.toBe(AWAY);
  await expect(Promise.all([write("3"), write("4")])).rejects.toBe(AWAY);
  state.isAway = false;
  await write("5");
  expect([...(await space.ids("f"))].sort()).toEqual(["0", "5"]);
});
