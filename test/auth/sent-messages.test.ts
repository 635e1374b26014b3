/** The messages that are kept of those that were sent: their bounds, and what goes with them. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { SentIndex, type SentLimits } from "../../src/auth/sent-index.js";
import { wipeAuthState } from "../../src/auth/wipe.js";
import { openStore } from "../../src/store/open-store.js";
import { spaceKey } from "../../src/store/keys.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const { isSignalRecord: _checked, ...library } = loadWhaileys();
const FRIEND = "5511999990002@s.whatsapp.net";
const text = (conversation: string) => ({ conversation });

/** A session in a store, as a process finds it: each has its own index. */
function session(options: Parameters<typeof openStore>[1] = {}) {
  const map = new Map<string, unknown>();
  const store = openStore(map, options);
  onTestFinished(() => store.close());
  const sessionId = randomUUID();
  const load = async (limits: Partial<SentLimits> = {}) => {
    const auth = await loadAuthState({ store, sessionId, library, sentIndex: new SentIndex(limits) });
    const { sent, keys } = auth;
    if (!auth.linked) {
      Object.assign(auth.creds, { account: {}, me: { id: "5511999990001:3@s.whatsapp.net" } });
      await auth.save();
    }
    await sent.ready();
    const send = async (id: string, content: unknown, chat = FRIEND): Promise<void> => {
      sent.keep({ id, chat, content });
      await keys.set({ session: { "5511999990002.0": Buffer.from(id) } });
    };
    const found = async (...ids: readonly string[]): Promise<unknown[]> =>
      Promise.all(ids.map((id) => sent.find({ id, remoteJid: FRIEND })));
    return { auth, sent, send, found };
  };
  const stored = async (): Promise<number> =>
    (await sessionSpace(store, sessionId).counts()).get("sent") ?? 0;
  return { map, store, sessionId, load, stored };
}

describe("sent messages", () => {
  it("are found by another process, the oldest of too many are not", async () => {
    const { load, stored } = session();
    const { send } = await load({ keep: 3 });
    for (const id of ["1", "2", "3", "4", "5"]) await send(id, text(id));
    const { found } = await load({ keep: 3 });
    expect(await found("1", "2", "3", "4", "5")).toEqual([
      undefined,
      undefined,
      text("3"),
      text("4"),
      text("5"),
    ]);
    expect(await stored()).toBe(3);
  });

  it("take no more than their bytes, and one that is larger is not kept", async () => {
    const { load, stored } = session();
    const { send, found } = await load({ maxBytes: 2_000 });
    const long = "x".repeat(500);
    for (const id of ["1", "2", "3", "4"]) await send(id, text(long));
    expect(await found("1", "2", "3", "4")).toEqual([undefined, text(long), text(long), text(long)]);
    await send("5", text("y".repeat(3_000)));
    expect(await found("5")).toEqual([undefined]);
    expect(await stored()).toBe(0);
    await send("6", text("short"));
    expect(await found("6")).toEqual([text("short")]);
  });

  it("are not found when they are too old, and go with the next one", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { load, stored } = session();
    const { send, found } = await load({ maxAgeMs: 1_000 });
    await send("old", text("old"));
    vi.setSystemTime(Date.now() + 1_001);
    expect(await found("old")).toEqual([undefined]);
    await send("new", text("new"));
    expect(await stored()).toBe(1);
  });

  it("fit into smaller bounds when a process has them", async () => {
    const { load, stored } = session();
    const { send } = await load();
    for (let n = 0; n < 20; n += 1) await send(`${n}`, text(`${n}`));
    const next = await load({ keep: 5 });
    expect(await next.found("14", "15", "19")).toEqual([undefined, text("15"), text("19")]);
    await next.send("20", text("20"));
    expect(await next.found("15", "16", "20")).toEqual([undefined, text("16"), text("20")]);
    expect(await stored()).toBe(5);
  });

  it("go from the store when they are to be kept in memory", async () => {
    const { load, stored, map } = session();
    await (await load()).send("stored", text("to be forgotten"));
    const { send, found } = await load({ durable: false });
    expect(await stored()).toBe(0);
    await send("memory", text("in memory"));
    expect(await found("stored", "memory")).toEqual([undefined, text("in memory")]);
    expect(JSON.stringify([...map])).not.toMatch(/to be forgotten|in memory/);
  });

  it("are sealed like everything else", async () => {
    const { load, map } = session({ encryptionKeys: [Buffer.alloc(32, 7)] });
    await (await load()).send("1", text("nobody reads this"));
    expect(await (await load()).found("1")).toEqual([text("nobody reads this")]);
    expect(JSON.stringify([...map])).not.toContain("nobody reads this");
  });

  it("a record that can't be read is not kept, and its place is used again", async () => {
    const { load, map, sessionId, stored } = session();
    const first = await load();
    await first.send("1", text("one"));
    await first.send("2", text("two"));
    const second = [...map.keys()].find((key) => key.endsWith(spaceKey(sessionId, "sent", "1")));
    map.set(String(second), "damaged");
    const next = await load();
    expect(await next.found("1", "2")).toEqual([text("one"), undefined]);
    await next.send("3", text("three"));
    expect(await stored()).toBe(2);
    expect(await (await load()).found("1", "3")).toEqual([text("one"), text("three")]);
  });

  it("go with the link", async () => {
    const { load, store, sessionId, stored } = session();
    await (await load()).send("1", text("one"));
    expect(await stored()).toBe(1);
    await wipeAuthState(store, sessionId);
    expect(await stored()).toBe(0);
  });

  it("a message that waits behind a received one is stored with it", async () => {
    const { load } = session();
    const { auth, sent, found } = await load();
    const contact = { session: { "5511999990002.0": Buffer.from("received") } };
    const changes = auth.received.collect(() => {});
    await auth.keys.set(contact);
    auth.received.collected(changes);
    sent.keep({ id: "answer", chat: FRIEND, content: text("an answer") });
    await auth.keys.set(contact);
    expect(await (await load()).found("answer")).toEqual([undefined]);
    expect(await found("answer")).toEqual([text("an answer")]);
    auth.received.store(changes, undefined);
    await auth.settled();
    expect(await (await load()).found("answer")).toEqual([text("an answer")]);
  });
});
