/** Credentials are wiped by what the store holds in that moment, and not by what this process remembers of it. */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { dropLeftovers, wipeHalfLink } from "../../src/auth/wipe.js";
import type { Store } from "../../src/store/store.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import type { AuthState } from "../../src/whatsapp/library.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { onEachStore, type RawPlace } from "../store/raw-places.js";

const { isSignalRecord: _checked, ...library } = loadWhaileys();
const PRE_KEYS = { "pre-key": { 1: { public: Buffer.alloc(32), private: Buffer.alloc(32) } } };

const disposals: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const dispose of disposals.reverse()) await dispose();
});

/** How two processes open one store. */
async function opener(place: () => Promise<RawPlace>): Promise<() => Store> {
  const at = await place();
  disposals.push(() => at.dispose());
  return () => {
    const store = openStore(at.store);
    disposals.push(() => store.close());
    return store;
  };
}

async function halfLinked(store: Store, sessionId: string): Promise<AuthState> {
  const auth = await loadAuthState({ store, sessionId, library });
  await auth.save();
  await auth.keys.set(PRE_KEYS);
  return auth;
}

async function link(auth: AuthState): Promise<void> {
  Object.assign(auth.creds, { account: {}, me: { id: "5511999990001:3@s.whatsapp.net" } });
  await auth.save();
}

await onEachStore((name, place) =>
  describe(`on ${name}`, () => {
    it("half-made credentials are wiped, and those of a link that another process made are not", async () => {
      const open = await opener(place);
      const [ours, theirs] = [open(), open()];
      const [half, made] = [randomUUID(), randomUUID()];
      await halfLinked(ours, half);
      expect(await wipeHalfLink(ours, half)).toBe(true);
      expect([...(await sessionSpace(ours, half).counts()).values()].every((count) => count === 0)).toBe(
        true,
      );
      await halfLinked(ours, made);
      await link(await loadAuthState({ store: theirs, sessionId: made, library }));
      expect(await wipeHalfLink(ours, made)).toBe(false);
      const { linked, keys } = await loadAuthState({ store: theirs, sessionId: made, library });
      expect(linked).toBe(true);
      expect(await keys.get("pre-key", ["1"])).toHaveProperty("1");
    });

    it("a wipe beside a link, in any order, leaves the link or nothing", async () => {
      const open = await opener(place);
      const [ours, theirs] = [open(), open()];
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const sessionId = randomUUID();
          await halfLinked(ours, sessionId);
          const auth = await loadAuthState({ store: theirs, sessionId, library });
          const [wiped] = await Promise.all([wipeHalfLink(ours, sessionId), link(auth)]);
          // A link that came after the wipe is one without pre-keys, as it would be without another process.
          const { linked } = await loadAuthState({ store: open(), sessionId, library });
          return { wiped, linked };
        }),
      );
      expect(outcomes.filter(({ linked }) => !linked)).toEqual([]);
    });

    it("keys that a crash left are not deleted when another process has linked since they were found", async () => {
      const open = await opener(place);
      const [ours, theirs] = [open(), open()];
      const sessionId = randomUUID();
      const auth = await halfLinked(theirs, sessionId);
      const found = sessionSpace(ours, sessionId);
      await found.counts();
      await link(auth);
      await dropLeftovers(found);
      expect(await auth.keys.get("pre-key", ["1"])).toHaveProperty("1");
      expect((await sessionSpace(theirs, sessionId).counts()).get("pre-key")).toBe(1);
    });
  }),
);

describe("credentials that were linked, by the session's record", () => {
  it.each(["gone", "unlinked"] as const)("and are %s are lost: no new ones are made", async (kind) => {
    const store = openStore(new Map());
    const sessionId = randomUUID();
    if (kind === "unlinked") await halfLinked(store, sessionId);
    const loading = loadAuthState({ store, sessionId, library, wasLinked: true });
    await expect(loading).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});
