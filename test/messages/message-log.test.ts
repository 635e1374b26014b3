/** What is kept of messages, in every store: durable, in order, found by id and key, bounded, and gone with the session. */
import { afterAll, describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { MessageLog } from "../../src/messages/message-log.js";
import { newMessageId, newSecret, type MessageRecord } from "../../src/messages/message-record.js";
import { openStore } from "../../src/store/open-store.js";
import { familySpace } from "../../src/store/space/key-space.js";
import { destroySpace } from "../../src/store/space/session-space.js";
import type { Store } from "../../src/store/store.js";
import { lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";

const HOUR_MS = 3_600_000;
const places = {
  memory: async () => ({ url: "memory:", dispose: async () => {} }),
  lmdb: lmdbFolder,
  Postgres: async () => postgresTable(),
  Redis: redisNamespace,
};

function record(seq: number, more: Partial<MessageRecord> = {}): MessageRecord {
  return {
    ...{ version: 1, id: newMessageId(), to: "5511999999999@s.whatsapp.net", kind: "text", state: "sent" },
    ...{ seq, createdAt: 10 * HOUR_MS + seq, wasQueued: false, secret: newSecret(), sentAt: 10 * HOUR_MS },
    ...more,
  };
}

describe.each(Object.entries(places))("the messages of a session in %s", (_name, newPlace) => {
  const opened: { dispose(): Promise<unknown> }[] = [];
  const stores: Store[] = [];
  afterAll(async () => {
    for (const store of stores) await store.close(1_000);
    for (const place of opened) await place.dispose();
  });

  async function open(encrypted = false) {
    const place = await newPlace();
    opened.push(place);
    const encryptionKeys = encrypted ? [Buffer.alloc(32, 7)] : undefined;
    const store = openStore(place.url, { logger: SILENT, encryptionKeys });
    stores.push(store);
    const now = { ms: 10 * HOUR_MS };
    const log = async (keep = 100) => {
      const one = new MessageLog({
        ...{ sessionId: "a", space: familySpace(store, "a", "message"), keep, keepMs: HOUR_MS },
        ...{ now: () => now.ms, logger: SILENT },
      });
      await one.load();
      return one;
    };
    return { store, now, log };
  }

  it("are there again, in order, with bytes that are bytes", async () => {
    const { log } = await open(true);
    const first = await log();
    const content = { image: Buffer.from([0, 1, 255]) };
    const queued = { content, checkNumber: false, expiresAt: 99 * HOUR_MS, bytes: 600 };
    const given = [3, 1, 2].map((seq) => record(seq, { key: `key-${seq}`, print: "p" }));
    for (const one of given) await first.save(one);
    const waiting = record(4, { state: "queued", wasQueued: true, queued });
    await first.save(waiting);
    const again = await log();
    expect([...again.all].map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(again.byKey("key-3")).toEqual(given[0]);
    expect(again.find(waiting.id)).toEqual(waiting);
    expect(again.queued()).toEqual([waiting]);
    expect(again.nextSeq()).toBe(5);
    expect(again.sentBefore(given[0]?.to ?? "")).toEqual({ last: 10 * HOUR_MS, toChat: true });
    expect(again.sentBefore("other@s.whatsapp.net").toChat).toBe(false);
  });

  it("are stored soon when nobody waits, and dropped beyond their number and time; queued ones never", async () => {
    const { log, now } = await open();
    const first = await log(10);
    const queued = { content: { text: "x" }, checkNumber: false, expiresAt: 99 * HOUR_MS, bytes: 600 };
    const waiting = record(0, { state: "queued", queued });
    first.saveSoon(waiting);
    for (let seq = 1; seq <= 70; seq += 1) first.saveSoon(record(seq, { key: `key-${seq}` }));
    await first.flush();
    const again = await log(10);
    expect(again.queued()).toHaveLength(1);
    expect([...again.all].length).toBeLessThan(62);
    expect(again.byKey("key-70")).toBeDefined();
    expect(again.byKey("key-1")).toBeUndefined();
    now.ms += 2 * HOUR_MS;
    const later = await log(10);
    expect([...later.all]).toEqual([waiting]);
  });

  it("are gone with the session", async () => {
    const { store, log } = await open();
    const one = await log();
    await one.save(record(1, { key: "k" }));
    await destroySpace(store, "a");
    expect([...(await log()).all]).toEqual([]);
  });
});
