/** What the engine needs of a Keyv storage adapter, as a list of cases that any test runner can run. */
import { randomBytes, randomUUID } from "node:crypto";
import { ZpwootError } from "../errors.js";

/** The part of a Keyv storage adapter that the engine uses. Each method may return its result or a promise of it. */
export interface ContractAdapter {
  /** The value of a key; undefined or null when it is missing. */
  get(key: string): unknown;
  /** Settles when the value can be read by every adapter on the same place. */
  set(key: string, value: string): unknown;
  /** Deletes a key; a missing one is not an error. */
  delete(key: string): unknown;
  /** The values of many keys, in their order; undefined or null for a missing one. */
  getMany?(keys: string[]): unknown;
  /** Writes many keys in one call. */
  setMany?(entries: { key: string; value: string }[]): unknown;
  /** Closes the adapter. */
  disconnect?(): unknown;
}

/** What {@link storeContract} takes. */
export interface StoreContractOptions {
  /** Returns an adapter; all of them must use the same place, as after a restart. Settles when it can be used. */
  readonly create: () => ContractAdapter | Promise<ContractAdapter>;
  /** Leave out the cases in which one adapter reads what another one wrote: for stores in memory. Default false. */
  readonly volatile?: boolean;
}

/** One case. */
export interface StoreContractCase {
  /** What the adapter must do, as a sentence. */
  readonly name: string;
  /** Settles when the adapter passed; rejects with `STORE_CORRUPT` and what it did instead, or with the adapter's own error. */
  readonly run: () => Promise<void>;
}

/** Keys of the maximal length that differ near their end: an adapter that truncates keys mixes them up. */
const longKey = (difference: string): string => `wa/${"x".repeat(230)}${difference}${"x".repeat(19)}`;

/** Keys as the engine writes them: at most 255 characters, no `:`. */
const KEYS = [
  "wa/a",
  "wa/a/b",
  "wa/50%25",
  "wa/under_score",
  "wa/%C3%BC",
  "wa/@x.y-z",
  longKey("one"),
  longKey("two"),
];

const VALUES = [
  '{"value":null}',
  JSON.stringify({ value: { type: "Buffer", data: randomBytes(3_000).toString("base64") } }),
  "line\nbreak\ttab \\ 'quotes' \"double\"",
  "ünïcødé → 😀",
  "x".repeat(500_000),
];

/**
 * The cases. Keys are random, so the cases may run at the same time, in a store that is in use; each deletes what it wrote.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeContract({ create: () => new MyAdapter(url) })) it(name, run);
 * ```
 */
export function storeContract(options: StoreContractOptions): readonly StoreContractCase[] {
  const named = (
    name: string,
    work: (adapter: ContractAdapter, own: (key: string) => string) => Promise<void>,
  ): StoreContractCase => ({
    name,
    run: () => runCase(options, work),
  });
  const always = [
    named("returns undefined for a missing key", async (adapter, own) => {
      expectSame(await adapter.get(own("wa/none")), undefined, "a key that was never written");
    }),
    named("returns every value character for character, under every key", async (adapter, own) => {
      for (const key of KEYS) for (const value of VALUES) await writeAndRead(adapter, own(key), value);
    }),
    named("keeps keys apart that are prefixes of each other or contain wildcards", async (adapter, own) => {
      for (const key of KEYS) await adapter.set(own(key), key);
      await adapter.delete(own("wa/a"));
      for (const key of KEYS) {
        expectSame(
          await adapter.get(own(key)),
          key === "wa/a" ? undefined : key,
          `${key} after wa/a was deleted`,
        );
      }
    }),
    named("forgets a deleted key, and accepts the deletion of a missing one", async (adapter, own) => {
      await adapter.set(own("wa/x"), "1");
      await adapter.delete(own("wa/x"));
      await adapter.delete(own("wa/x"));
      expectSame(await adapter.get(own("wa/x")), undefined, "a deleted key");
    }),
    named("keeps the last of many writes in a row", async (adapter, own) => {
      for (let n = 0; n < 50; n += 1) await adapter.set(own("wa/x"), String(n));
      expectSame(await adapter.get(own("wa/x")), "49", "the value written last");
    }),
    named(
      "reads many keys in their order, undefined for a missing one (if it has getMany)",
      async (adapter, own) => {
        await adapter.set(own("wa/1"), "one");
        await adapter.set(own("wa/3"), "three");
        const read = await adapter.getMany?.(["wa/3", "wa/2", "wa/1"].map(own));
        if (adapter.getMany !== undefined)
          expectSame(JSON.stringify(holes(read)), '["three",null,"one"]', "getMany");
      },
    ),
    named("writes 1,000 keys in one call (if it has setMany)", async (adapter, own) => {
      const entries = Array.from({ length: 1_000 }, (_, n) => ({
        key: own(`wa/many/${n}`),
        value: `value ${n}`,
      }));
      await adapter.setMany?.(entries);
      if (adapter.setMany === undefined) return;
      for (const n of [0, 499, 999])
        expectSame(await adapter.get(own(`wa/many/${n}`)), `value ${n}`, "a key of the batch");
    }),
  ];
  return options.volatile === true ? always : [...always, restartCase(options), secondProcessCase(options)];
}

/** Named for what Keyv's interface can't do, so that the result of the suite says it. */
function secondProcessCase(options: StoreContractOptions): StoreContractCase {
  return {
    name: "shows at once what another process wrote (it can't fence: no conditional write, so let one process use the store)",
    run: async () => {
      const key = `wa/${randomUUID()}`;
      const first = await options.create();
      const second = await options.create();
      try {
        for (const value of ["1", "2"]) {
          await first.set(key, value);
          expectSame(await second.get(key), value, "what the other adapter wrote");
        }
        await second.delete(key);
        expectSame(await first.get(key), undefined, "a key that the other adapter deleted");
      } finally {
        await first.disconnect?.();
        await second.disconnect?.();
      }
    },
  };
}

function restartCase(options: StoreContractOptions): StoreContractCase {
  return {
    name: "still has everything after it is reopened",
    run: async () => {
      const key = `wa/${randomUUID()}`;
      const first = await options.create();
      await first.set(key, "kept");
      await first.disconnect?.();
      const second = await options.create();
      try {
        expectSame(await second.get(key), "kept", "what was written before the restart");
      } finally {
        await second.delete(key);
        await second.disconnect?.();
      }
    },
  };
}

async function runCase(
  { create }: StoreContractOptions,
  work: (adapter: ContractAdapter, own: (key: string) => string) => Promise<void>,
): Promise<void> {
  const adapter = await create();
  const used = new Set<string>();
  const mark = randomUUID().slice(0, 8);
  // Same length as the key, for the longest one has the maximal length.
  const own = (key: string): string => {
    const owned = key.length > 200 ? `${key.slice(0, -9)}-${mark}` : `${key}-${mark}`;
    used.add(owned);
    return owned;
  };
  try {
    await work(adapter, own);
  } finally {
    for (const key of used) await adapter.delete(key);
    await adapter.disconnect?.();
  }
}

async function writeAndRead(adapter: ContractAdapter, key: string, value: string): Promise<void> {
  await adapter.set(key, value);
  expectSame(await adapter.get(key), value, `the value of ${key.slice(0, 40)}`);
}

/** Absent values as JSON can show them. */
function holes(values: unknown): unknown {
  return Array.isArray(values) ? values.map((value: unknown) => value ?? null) : values;
}

function expectSame(actual: unknown, expected: unknown, what: string): void {
  // To Keyv both mean "absent".
  if (actual === expected || (expected === undefined && actual === null)) return;
  throw new ZpwootError(
    "STORE_CORRUPT",
    `${what}: expected ${shown(expected)}, the adapter returned ${shown(actual)}`,
  );
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}
