import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { RecordKeeper } from "../../src/session/record.js";

const RECORD: SessionRecord = {
  version: 1,
  id: "a",
  name: "session",
  desired: "offline",
  status: "disconnected",
  phoneNumber: null,
  webhook: null,
  proxy: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

function kept() {
  const saved: SessionRecord[] = [];
  const warnings: object[] = [];
  const store = { fails: false, reachable: true };
  const record = new RecordKeeper(RECORD, {
    save: async (next) => {
      if (store.fails) throw new Error("disk full");
      saved.push(next);
    },
    reachable: async () => {
      if (!store.reachable) throw new Error("no answer");
    },
    now: () => Date.UTC(2026, 0, 2),
    logger: { ...SILENT, warn: (fields, message) => void warnings.push({ ...fields, message }) },
  });
  return { record, saved, store, warnings };
}

const yes = { isLatest: () => true };
const no = { isLatest: () => false };

describe("RecordKeeper", () => {
  it("changes the record at once and stores all of it", async () => {
    const { record, saved } = kept();
    const stored = record.patch({ phoneNumber: "+5511999990000" });
    expect(record.current.phoneNumber).toBe("+5511999990000");
    await stored;
    expect(saved).toEqual([
      { ...RECORD, phoneNumber: "+5511999990000", updatedAt: "2026-01-02T00:00:00.000Z" },
    ]);
  });

  it("takes back a change that its caller was told has failed, and not what came after it", async () => {
    const { record, saved, store } = kept();
    store.fails = true;
    const failing = record.change({ proxy: { host: "one", port: 1 }, phoneNumber: "+5511999990000" });
    record.patchLater({ phoneNumber: "+5511999990001" });
    await expect(failing).rejects.toThrow("disk full");
    expect(record.current).toMatchObject({ proxy: null, phoneNumber: "+5511999990001" });
    store.fails = false;
    await record.change({ proxy: { host: "two", port: 2 } });
    expect(saved).toMatchObject([{ proxy: { host: "two" }, phoneNumber: "+5511999990001" }]);
  });

  it("logs a write that fails, with no one waiting for it, and writes it with the next", async () => {
    const { record, saved, store, warnings } = kept();
    store.fails = true;
    record.patchLater({ phoneNumber: "+5511999990000" });
    await expect
      .poll(() => warnings)
      .toEqual([{ sessionId: "a", error: "disk full", message: "session record not written" }]);
    store.fails = false;
    await record.patch({ status: "connecting" });
    expect(saved).toMatchObject([{ phoneNumber: "+5511999990000", status: "connecting" }]);
  });

  it("stores what is wanted only when it changed", async () => {
    const { record, saved } = kept();
    await record.setDesired("offline", yes);
    expect(saved).toEqual([]);
    await record.setDesired("online", yes);
    await record.setDesired("online", yes);
    expect(saved).toMatchObject([{ desired: "online" }]);
  });

  it("stores what is wanted again when an earlier write has failed", async () => {
    const { record, saved, store } = kept();
    store.fails = true;
    await expect(record.patch({ name: "other" })).rejects.toThrow("disk full");
    store.fails = false;
    await record.setDesired("offline", yes);
    expect(saved).toMatchObject([{ name: "other", desired: "offline" }]);
  });

  it("rejects at once, and changes nothing, while the store does not answer", async () => {
    const { record, store } = kept();
    store.reachable = false;
    await expect(record.setDesired("online", yes)).rejects.toThrow("no answer");
    expect(record.current).toBe(RECORD);
  });

  it("wants what it wanted before when the write fails, unless a later command has decided", async () => {
    const { record, store } = kept();
    store.fails = true;
    await expect(record.setDesired("online", yes)).rejects.toThrow("disk full");
    expect(record.current.desired).toBe("offline");
    await expect(record.setDesired("online", no)).rejects.toThrow("disk full");
    expect(record.current.desired).toBe("online");
  });

  it("drops the verdict with a command that overrules it, and with no other", async () => {
    const { record, saved } = kept();
    const verdict = { state: "conflict", at: "2026-01-01T00:00:00.000Z" } as const;
    await record.patch({ desired: "online", verdict });
    await record.setDesired("online", yes);
    await record.setDesired("offline", yes);
    await record.setDesired("online", yes);
    expect(saved.map((one) => one.verdict)).toEqual([verdict, verdict, verdict]);
    await record.setDesired("online", { ...yes, overrules: true });
    expect(saved.at(-1)).toMatchObject({ desired: "online", verdict: null });
    await record.setDesired("online", { ...yes, overrules: true });
    expect(saved).toHaveLength(4);
  });

  it("keeps the verdict when the command that overrules it can't be stored", async () => {
    const { record, store } = kept();
    const verdict = { state: "conflict", at: "2026-01-01T00:00:00.000Z" } as const;
    await record.patch({ desired: "online", verdict });
    store.fails = true;
    await expect(record.setDesired("online", { ...yes, overrules: true })).rejects.toThrow("disk full");
    expect(record.current.verdict).toEqual(verdict);
  });

  it("waits for a change to be durable for so long only, and never rejects", async () => {
    let written = (): void => {};
    const saved: SessionRecord[] = [];
    const record = new RecordKeeper(RECORD, {
      save: (next) => {
        saved.push(next);
        return new Promise((resolve) => (written = resolve));
      },
      reachable: async () => {},
      now: Date.now,
      logger: SILENT,
    });
    await record.patchWithin(1, { name: "slow" });
    expect(record.current.name).toBe("slow");
    let settled = false;
    const durable = record.patchWithin(60_000, { name: "soon" }).then(() => (settled = true));
    await setImmediate();
    expect(settled).toBe(false);
    written();
    await durable;
    const { record: failing, store, warnings } = kept();
    store.fails = true;
    await failing.patchWithin(60_000, { name: "lost" });
    expect(warnings).toHaveLength(1);
  });
});
