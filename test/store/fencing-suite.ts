/** What every store must do so that a second process can't undo what the first one wrote. Written once, run over each. */
import { describe, expect, it } from "vitest";
import type { Fence } from "../../src/store/fence.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import type { Store } from "../../src/store/store.js";
import { EpochFence } from "./epoch-fence.js";
import { newRecord } from "./new-record.js";
import type { StorePlace } from "./store-contract.js";

const KEY = "wa/s/x";

async function stored(store: Store, key = KEY): Promise<unknown> {
  return (await store.read([key])).get(key);
}

/** A fence that never changes, over keys with texts. */
const fixed = (key: string, text: string | null): Fence => ({
  conditionsOf: () => [{ key, text }],
  refused: async () => new Error("refused"),
  givenUp: async () => {},
});

/** Two stores in one place change records, the one under the eyes of the other. `looksAt`: by how many of them the change is decided. */
export async function changesMany(
  one: Store,
  other: Store,
  { of, looksAt }: { readonly of: number; readonly looksAt: number },
): Promise<void> {
  const keys = Array.from({ length: of }, (_, index) => `wa/s/of-${index}`);
  await one.write("s", new Map(keys.map((key) => [key, 1])));
  const last = keys.at(-1) ?? "";
  const seen: unknown[] = [];
  await one.change("s", keys.slice(-looksAt), async (found) => {
    seen.push(found.get(last));
    if (seen.length === 1) await other.write("s", new Map([[last, 2]]));
    // Every third one goes.
    return new Map(keys.map((key, index) => [key, index % 3 === 0 ? null : seen.length]));
  });
  expect(seen).toEqual([1, 2]);
  const left = await other.read(keys);
  expect(left.size).toBe(keys.filter((_, index) => index % 3 !== 0).length);
  expect(new Set(left.values())).toEqual(new Set([2]));
}

/** Runs the suite. */
export function describeFencing(name: string, place: () => Promise<StorePlace>): void {
  /** A test with two stores in one place, as of two processes. */
  const inTwo = (test: (one: Store, other: Store) => Promise<void>) => async (): Promise<void> => {
    const where = await place();
    const [one, other] = [where.open(), where.open()];
    try {
      await one.open();
      await other.open();
      await test(one, other);
    } finally {
      await Promise.all([one.close(), other.close()]);
      await where.dispose();
    }
  };

  describe.concurrent(`fencing on ${name}`, { timeout: 60_000 }, () => {
    it(
      "changes a record by what is stored, and writes nothing when nothing is decided",
      inTwo(async (one, other) => {
        const add = (store: Store, more: number) =>
          store.change("s", [KEY, "wa/s/y"], (found) =>
            more === 0 ? undefined : new Map([[KEY, ((found.get(KEY) as number | undefined) ?? 0) + more]]),
          );
        expect(await add(one, 1)).toEqual([{ key: KEY, text: expect.any(String) }]);
        expect(await add(other, 2)).toHaveLength(1);
        expect(await add(one, 0)).toEqual([]);
        expect(await stored(one)).toBe(3);
      }),
    );

    it(
      "decides again when a record was changed, written or deleted while it decided",
      inTwo(async (one, other) => {
        await one.write("s", new Map([[KEY, 1]]));
        const meanwhile: unknown[] = [5, null, 6];
        const seen: unknown[] = [];
        await one.change("s", [KEY], async (found) => {
          seen.push(found.get(KEY));
          if (meanwhile.length > 0) await other.write("s", new Map([[KEY, meanwhile.shift()]]));
          return new Map([[KEY, "last"]]);
        });
        expect(seen).toEqual([1, 5, undefined, 6]);
        expect(await stored(other)).toBe("last");
      }),
    );

    it(
      "changes thousands of records in one go, or none of them when the last has changed meanwhile",
      inTwo((one, other) => changesMany(one, other, { of: 2_500, looksAt: 400 })),
    );

    it(
      "notices that a key which it leaves alone has come to be",
      inTwo(async (one, other) => {
        await one.write("s", new Map([[KEY, 1]]));
        const seen: unknown[] = [];
        await one.change("s", [KEY, "wa/s/beside"], async (found) => {
          seen.push(found.get("wa/s/beside"));
          if (seen.length === 1) await other.write("s", new Map([["wa/s/beside", 1]]));
          return new Map([[KEY, null]]);
        });
        expect(seen).toEqual([undefined, 1]);
        expect(await stored(one)).toBeUndefined();
        expect(await stored(one, "wa/s/beside")).toBe(1);
      }),
    );

    it(
      "writes under a condition that holds, and refuses the whole batch when it does not",
      inTwo(async (one) => {
        const [held] = await one.change("o", ["wa/o"], () => new Map([["wa/o", { epoch: 1 }]]));
        one.setFence(fixed("wa/o", held?.text ?? null));
        await one.write("s", new Map([[KEY, 1]]));
        await one.write("s", new Map([[KEY, null]]));
        await one.write("s", new Map([[KEY, 2]]));
        await one.change("o", ["wa/o"], () => new Map([["wa/o", { epoch: 2 }]]));
        const refused = one.write(
          "s",
          new Map<string, unknown>([
            [KEY, 3],
            ["wa/s/y", 3],
          ]),
        );
        await expect(refused).rejects.toThrow("refused");
        await expect(one.write("s", new Map([[KEY, null]]))).rejects.toThrow("refused");
        expect(await stored(one)).toBe(2);
        expect(await stored(one, "wa/s/y")).toBeUndefined();
      }),
    );

    it(
      "writes while a key is absent, and refuses once it is there",
      inTwo(async (one, other) => {
        one.setFence(fixed("wa/none", null));
        await one.write("s", new Map([[KEY, 1]]));
        await one.write("s", new Map([["wa/s/quote", `it's a \\ "text" ; -- $1`]]));
        expect(await stored(one, "wa/s/quote")).toBe(`it's a \\ "text" ; -- $1`);
        expect(await stored(one, "wa/none")).toBeUndefined();
        await other.write("s", new Map([["wa/none", 1]]));
        await expect(one.write("s", new Map([[KEY, 2]]))).rejects.toThrow("refused");
        expect(await stored(one)).toBe(1);
      }),
    );

    it(
      "refuses the writes of an owner of before, and none of the new one",
      inTwo(async (one, other) => {
        const [first, second] = [new EpochFence(one, "first"), new EpochFence(other, "second")];
        await first.claim();
        await one.write("s", new Map([[KEY, "first"]]));
        await second.claim();
        await other.write("s", new Map([[KEY, "second"]]));
        await expect(one.write("s", new Map([[KEY, "late"]]))).rejects.toThrow("no more");
        const deleted = one.inTurn("s", (turn) => one.write(turn, new Map([[KEY, null]])));
        await expect(deleted).rejects.toThrow("no more");
        const changed = one.change("s", [KEY], () => new Map([[KEY, "late"]]), { fenced: true });
        await expect(changed).rejects.toThrow("no more");
        expect(await stored(one)).toBe("second");
        expect(second.refusals).toBe(0);
      }),
    );

    it(
      "sends a refused write again when this owner itself has raised the epoch",
      inTwo(async (one) => {
        const fence = new EpochFence(one, "one");
        await fence.claim();
        await fence.raiseUnnoticed();
        await Promise.all([
          one.write("s", new Map([[KEY, 1]])),
          one.write("t", new Map([["wa/t/x", 2]])),
          one.change("u", ["wa/u/x"], () => new Map([["wa/u/x", 3]]), { fenced: true }),
        ]);
        expect(fence.refusals).toBeGreaterThan(0);
        expect([await stored(one), await stored(one, "wa/t/x"), await stored(one, "wa/u/x")]).toEqual([
          1, 2, 3,
        ]);
      }),
    );

    it(
      "changes the record of the fence itself, under the fence",
      inTwo(async (one) => {
        const [held] = await one.change("o", ["wa/o"], () => new Map([["wa/o", 1]]));
        one.setFence(fixed("wa/o", held?.text ?? null));
        await one.change("o", ["wa/o"], () => new Map([["wa/o", 2]]), { fenced: true });
        expect(await stored(one, "wa/o")).toBe(2);
        const again = one.change("o", ["wa/o"], () => new Map([["wa/o", 3]]), { fenced: true });
        await expect(again).rejects.toThrow("refused");
      }),
    );

    it(
      "rejects of several scopes that write at once only those that own no more",
      inTwo(async (one) => {
        const [held] = await one.change("o", ["wa/o"], () => new Map([["wa/o", 1]]));
        one.setFence({
          ...fixed("", null),
          conditionsOf: (scope) => [{ key: "wa/o", text: scope === "stale" ? "0" : (held?.text ?? null) }],
        });
        const scopes = ["a", "stale", "b"];
        const results = await Promise.allSettled(
          scopes.map((scope) => one.write(scope, new Map([[`wa/${scope}/x`, 1]]))),
        );
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        const read = await one.read(scopes.map((scope) => `wa/${scope}/x`));
        expect([...read.keys()]).toEqual(["wa/a/x", "wa/b/x"]);
      }),
    );

    it(
      "asks nothing of the store for a write whose conditions can't be told",
      inTwo(async (one, other) => {
        const lost = Object.assign(new Error("lost"), {
          code: "STOPPED",
          [Symbol.for("zpwoot.error")]: true,
        });
        one.setFence({
          ...fixed("", null),
          conditionsOf: () => {
            throw lost;
          },
        });
        await expect(one.write("s", new Map([[KEY, 1]]))).rejects.toBe(lost);
        expect(await stored(other)).toBeUndefined();
      }),
    );

    it(
      "tells the time of the store's clock",
      inTwo(async (one) => {
        const before = Date.now();
        const now = await one.now();
        // Server and tests share a machine, not a clock reading.
        expect(Math.abs(now - before)).toBeLessThan(60_000);
        expect(await one.now()).toBeGreaterThanOrEqual(now);
        expect(Number.isInteger(now)).toBe(true);
      }),
    );
  });
}

/** Runs what only a store can do that checks conditions itself. */
export function describeRaces(name: string, place: () => Promise<StorePlace>): void {
  /** A test with the stores of two processes in one place. */
  const inTwo = (test: (stores: readonly [Store, Store]) => Promise<void>) => async (): Promise<void> => {
    const where = await place();
    const stores = [where.open(), where.open()] as const;
    try {
      await Promise.all(stores.map((store) => store.open()));
      await test(stores);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
      await where.dispose();
    }
  };

  // Hundreds of commits, one after another on a busy machine.
  describe.concurrent(`two processes that race on ${name}`, { timeout: 60_000 }, () => {
    it(
      "have exactly one winner of each of 200 claims",
      inTwo(async (stores) => {
        const key = (n: number): string => `wa/claim/${n}`;
        const claim = async (store: Store, n: number): Promise<boolean> => {
          const texts = await store.change(key(n), [key(n)], (found) =>
            found.size > 0 ? undefined : new Map([[key(n), stores.indexOf(store)]]),
          );
          return texts.length > 0;
        };
        const wins = await Promise.all(
          Array.from({ length: 200 }, (_, n) => Promise.all(stores.map((store) => claim(store, n)))),
        );
        expect(wins.filter((won) => won.filter(Boolean).length !== 1)).toEqual([]);
        const owners = await stores[0].read(wins.map((_, n) => key(n)));
        expect(wins.map((won) => won.indexOf(true))).toEqual([...owners.values()]);
      }),
    );

    it(
      "count together without losing one",
      inTwo(async (stores) => {
        const increment = (store: Store) =>
          store.change(
            "s",
            [KEY],
            (found) => new Map([[KEY, ((found.get(KEY) as number | undefined) ?? 0) + 1]]),
          );
        await Promise.all(stores.flatMap((store) => Array.from({ length: 20 }, () => increment(store))));
        expect(await stored(stores[0])).toBe(40);
      }),
    );

    it(
      "lose none of 240 sessions that they create, and none of those that they delete",
      inTwo(async (stores) => {
        const records = stores.map((store) => new SessionRecords(store));
        const made = stores.map((_, process) =>
          Array.from({ length: 120 }, (__, n) => newRecord(`${process}-${n}`)),
        );
        const ofEach = (of: (own: SessionRecords, made: readonly SessionRecord[]) => Promise<unknown>[]) =>
          Promise.all(records.flatMap((own, n) => of(own, made[n] ?? [])));
        const loaded = async (): Promise<string[]> =>
          (await new SessionRecords(stores[0]).load()).map(({ id }) => id).sort();
        await ofEach((own, all) => all.map((record) => own.insert(record)));
        const ids = made.flat().map(({ id }) => id);
        expect(await loaded()).toEqual([...ids].sort());
        await ofEach((own, all) => all.slice(0, 30).map(({ id }) => own.remove(id)));
        expect(await loaded()).toEqual(made.flatMap((all) => all.slice(30).map(({ id }) => id)).sort());
      }),
    );

    it(
      "give each of 50 names to exactly one session",
      inTwo(async (stores) => {
        const records = stores.map((store) => new SessionRecords(store));
        const both = (n: number) =>
          Promise.allSettled(records.map((own) => own.insert(newRecord(`name ${n}`))));
        const results = await Promise.all(Array.from({ length: 50 }, (_, n) => both(n)));
        for (const pair of results) {
          const refused = pair.filter((result) => result.status === "rejected");
          expect(refused).toEqual([
            { status: "rejected", reason: expect.objectContaining({ code: "SESSION_NAME_TAKEN" }) },
          ]);
        }
        expect(await new SessionRecords(stores[0]).load()).toHaveLength(50);
      }),
    );
  });
}
