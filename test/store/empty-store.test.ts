import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { newRecord } from "./new-record.js";
import { onEachStore, type RawPlace } from "./raw-places.js";

/** What is said of a store when its sessions are loaded. */
async function said({ store: option }: RawPlace, work?: (records: SessionRecords) => Promise<unknown>) {
  const lines: string[] = [];
  const store = openStore(option);
  const info = (_: object, text: string): void => void lines.push(`info: ${text}`);
  const warn = (_: object, text: string): void => void lines.push(`warn: ${text}`);
  const records = new SessionRecords(store, { logger: { info, warn, error: warn } });
  await records.load();
  await work?.(records);
  await store.close();
  return lines;
}

const NEW = "info: A new store was begun: it holds no sessions";
const REMAINS = expect.stringMatching(/^warn: Records of sessions were found without the list/) as string;

await onEachStore((name, place) =>
  describe(`a store without sessions, on ${name}`, () => {
    it("says in one line whether it is new, or was emptied in part", async () => {
      const at = await place();
      try {
        const record = newRecord("one");
        expect(await said(at, (records) => records.insert(record))).toEqual([NEW]);
        expect(await said(at)).toEqual([]);
        const all = await at.all();
        // A backup that was restored without the list, then one without the sentinel as well.
        for (const lost of [/^wa\/index\//, /^wa\/(index\/|sentinel)/]) {
          await at.put(all);
          await at.remove([...all.keys()].filter((key) => lost.test(key)));
          expect(await said(at)).toEqual([REMAINS]);
        }
        await at.remove([...(await at.all()).keys()]);
        expect(await said(at)).toEqual([NEW]);
        expect(await said(at)).toEqual([]);
      } finally {
        await at.dispose();
      }
    });
  }),
);
