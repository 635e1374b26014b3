/** Messages that wait in the store until the session is connected and its pace allows. */
import { describe, expect, it } from "vitest";
import type { MessagesOptions } from "../../src/api/messages.js";
import { LIBRARIES } from "../support/libraries.js";

const FAST: MessagesOptions = { pace: { perMinute: Infinity } };
const QUEUED = { queue: true } as const;

describe.each(LIBRARIES)("a queued message with $name", ({ open }) => {
  it("waits for the connection, also over a restart, and leaves in order with its key in every event", async () => {
    await using world = await open({ messages: FAST });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    await world.manager.disconnect(id);
    const texts = Array.from({ length: 10 }, (_, index) => `text-${index}`);
    const answers = [];
    for (const text of texts)
      answers.push(
        await world.manager.sendMessage(id, friend.jid, { text }, { ...QUEUED, idempotencyKey: text }),
      );
    expect(answers.map(({ state }) => state)).toEqual(texts.map(() => "queued"));
    expect(await world.manager.getMessage(id, answers[0]?.id ?? "")).toMatchObject({
      ...{ state: "queued", expiresAt: expect.any(String), idempotencyKey: "text-0" },
    });
    await world.manager.stop();
    world.reopen();
    expect(
      await world.manager.sendMessage(
        id,
        friend.jid,
        { text: "text-0" },
        { ...QUEUED, idempotencyKey: "text-0" },
      ),
    ).toEqual(answers[0]);
    await world.manager.connect(id);
    await friend.waitForMessage(({ text }) => text === "text-9");
    expect(friend.messages.map(({ text }) => text)).toEqual(texts);
    await expect.poll(() => world.all("message.delivered").length).toBe(10);
    expect(world.all("message.sent").map(({ idempotencyKey }) => idempotencyKey)).toEqual(texts);
    expect(world.all("message.sent").map(({ messageId }) => messageId)).toEqual(answers.map((one) => one.id));
    expect(world.all("message.failed")).toEqual([]);
  });

  it("is told when its time is over, and when WhatsApp refuses it; those behind it are sent", async () => {
    await using world = await open({ messages: FAST });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    await world.manager.disconnect(id);
    const expired = world.next("message.failed");
    const late = await world.manager.sendMessage(
      ...([id, friend.jid, { text: "late" }, { ...QUEUED, expiresInMs: 50 }] as const),
    );
    expect(await expired).toMatchObject({ messageId: late.id, code: "MESSAGE_EXPIRED" });
    const refused = await world.manager.sendMessage(id, friend.jid, { text: "refused" }, QUEUED);
    await world.manager.sendMessage(id, friend.jid, { text: "sent" }, QUEUED);
    world.emulator.faults.add({ at: "message", action: { error: 463 } });
    await world.manager.connect(id);
    await friend.waitForMessage(({ text }) => text === "sent");
    expect(friend.messages.map(({ text }) => text)).toEqual(["sent"]);
    expect(world.all("message.failed").at(-1)).toMatchObject({
      ...{ messageId: refused.id, code: "REACHOUT_LOCKED", message: expect.stringContaining("new chats") },
    });
    expect(await world.manager.getMessage(id, refused.id)).toMatchObject({
      ...{ state: "failed", error: { code: "REACHOUT_LOCKED", status: 463 } },
    });
  });

  it("is refused when the queue is full, by number and by bytes", async () => {
    await using world = await open({ messages: { ...FAST, maxQueued: 2, maxQueuedBytes: 8_192 } });
    const id = await world.created();
    const { jid } = world.phone("friend");
    const send = (text: string) => world.manager.sendMessage(id, jid, { text }, QUEUED);
    await expect(send("x".repeat(4_000))).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await send("one");
    await send("two");
    await expect(send("three")).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });

  it("fails with a logout, and leaves nothing in the store when the session is deleted", async () => {
    await using world = await open({ messages: FAST });
    const { id } = await world.linked();
    const { jid } = world.phone("friend");
    await world.manager.sendMessage(id, jid, { text: "kept" }, { idempotencyKey: "kept" });
    await world.manager.disconnect(id);
    const queued = await world.manager.sendMessage(id, jid, { text: "a secret" }, QUEUED);
    const failed = world.next("message.failed");
    await world.manager.logout(id);
    expect(await failed).toMatchObject({ messageId: queued.id, code: "SESSION_NOT_CONNECTED" });
    await world.manager.delete(id, { tombstone: false });
    const left = [...world.map.keys()].filter((key) => key.includes(id));
    expect(left).toEqual([]);
  });
});

describe("the pace", () => {
  it("holds the next message back, and lets one to another that was not queued pass", async () => {
    const [whaileys] = LIBRARIES;
    // One a minute: the second message would come long after the test.
    await using world = await whaileys.open({
      messages: { pace: { perMinute: 1, jitter: 0, firstContact: 1 } },
    });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const first = await world.manager.sendMessage(id, friend.jid, { text: "first" }, QUEUED);
    await friend.waitForMessage(({ text }) => text === "first");
    const second = await world.manager.sendMessage(id, friend.jid, { text: "second" }, QUEUED);
    await world.manager.sendMessage(id, friend.jid, { text: "now" });
    await friend.waitForMessage(({ text }) => text === "now");
    expect((await world.manager.getMessage(id, first.id)).state).toBe("delivered");
    expect((await world.manager.getMessage(id, second.id)).state).toBe("queued");
  });
});
