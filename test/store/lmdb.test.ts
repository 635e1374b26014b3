/** What only the embedded store can get wrong. */
import { open } from "lmdb";
import { expect, it } from "vitest";
import { ConditionFailed } from "../../src/store/drivers/driver.js";
import { openLmdbAdapter } from "../../src/store/drivers/lmdb-adapter.js";
import { openStore } from "../../src/store/open-store.js";
import { Child } from "../support/child.js";
import { lmdbFolder, rawLmdb } from "../support/places.js";

const CHILD = new URL("lmdb-exit-child.ts", import.meta.url);

it(
  "processes that exit in the middle of their writes end, and hold up nobody",
  { timeout: 60_000 },
  async () => {
    const { url, dispose } = await lmdbFolder();
    try {
      for (let round = 0; round < 8; round += 1) {
        const two = [1, 2].map((one) => new Child(CHILD, [url, String(20 + 13 * round * one)]));
        for (const child of two) {
          await child.ended(6_000);
          expect(child.exitCode, child.output).toBe(0);
        }
      }
      const store = openStore(url);
      await store.write("s", new Map([["wa/s/x", 1]]));
      await store.close();
    } finally {
      await dispose();
    }
  },
);

it("records of the format before are taken over, once and whole", async () => {
  const { folder, url, dispose } = await lmdbFolder();
  try {
    const before = open<string, string>({ path: folder, encoding: "string", noSubdir: false });
    const texts = { "wa/s/x": JSON.stringify({ value: 1 }), "wa/s/é": JSON.stringify({ value: "é" }) };
    for (const [key, text] of Object.entries(texts)) await before.put(key, text);
    await before.close();
    for (let opened = 0; opened < 2; opened += 1) {
      const store = openStore(url);
      expect(await store.read(Object.keys(texts))).toEqual(
        new Map<string, unknown>([
          ["wa/s/x", 1],
          ["wa/s/é", "é"],
        ]),
      );
      await store.change("s", ["wa/s/x"], () => new Map([["wa/s/x", 1]]));
      await store.close();
    }
    const raw = rawLmdb(folder);
    expect([...raw.environment.getKeys()]).toEqual(["records"]);
    await raw.close();
  } finally {
    await dispose();
  }
});

it("a condition that held before is asked of lmdb again: another writer's text refuses it, the same text written anew does not", async () => {
  const { folder, dispose } = await lmdbFolder();
  try {
    const adapter = await openLmdbAdapter(folder, () => {});
    const held = [{ key: "owner", text: "mine" }];
    const write = (text: string) => adapter.applyBatch([{ key: "record", text }], held);
    await adapter.set("owner", "mine");
    await write("first");
    await adapter.set("owner", "mine");
    await write("second");
    await adapter.set("owner", "theirs");
    await expect(write("third")).rejects.toBeInstanceOf(ConditionFailed);
    await adapter.delete("owner");
    await expect(write("fourth")).rejects.toBeInstanceOf(ConditionFailed);
    expect(await adapter.get("record")).toBe("second");
    await adapter.set("owner", "mine");
    await write("fifth");
    expect(await adapter.get("record")).toBe("fifth");
    await adapter.disconnect();
  } finally {
    await dispose();
  }
});
