/** Messages through a manager: sent with both libraries to the emulator, and answered when WhatsApp itself has acknowledged them. */
import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";

describe.each(LIBRARIES)("sendMessage with $name", ({ open }) => {
  it("settles with the id that the phone shows, when WhatsApp has acknowledged the message", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    const sent = world.next("message.sent");
    const answer = await world.manager.sendMessage(id, `+${friend.phoneNumber}`, { text: "Hello" });
    const shown = await friend.waitForMessage(({ text }) => text === "Hello");
    expect(answer).toEqual({
      ...{ id: shown.id, to: friend.jid, state: "sent" },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(await sent).toEqual({ sessionId: id, messageId: answer.id, chat: friend.jid });
    // The account's own phone shows it, too.
    await phone.waitForMessage(({ id: one, fromMe }) => one === answer.id && fromMe);
  });

  it("says how far a message got, and tells it by events", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const delivered = world.next("message.delivered");
    const { id: messageId } = await world.manager.sendMessage(
      id,
      friend.jid,
      { text: "Hello" },
      { idempotencyKey: "order-1" },
    );
    const named = { sessionId: id, messageId, chat: friend.jid, idempotencyKey: "order-1" };
    expect(await delivered).toEqual(named);
    const read = world.next("message.read");
    friend.read(messageId);
    expect(await read).toEqual(named);
    expect(await world.manager.getMessage(id, messageId)).toMatchObject({
      ...{ id: messageId, to: friend.jid, kind: "text", state: "read", idempotencyKey: "order-1" },
      ...{ createdAt: expect.any(String), sentAt: expect.any(String), deliveredAt: expect.any(String) },
      readAt: expect.any(String),
    });
    expect(world.all("message.delivered")).toHaveLength(1);
    await expect(world.manager.getMessage(id, "unknown")).rejects.toMatchObject({
      code: "MESSAGE_NOT_FOUND",
    });
  });

  it("waits for the acknowledgement, and says what is not known when none comes", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: "drop" });
    const options = { idempotencyKey: "order-1", timeoutMs: 300 };
    await expect(world.manager.sendMessage(id, friend.jid, { text: "Hello" }, options)).rejects.toMatchObject(
      { code: "MESSAGE_UNCONFIRMED", message: expect.stringContaining("may or may not") },
    );
    const again = await world.manager.sendMessage(id, friend.jid, { text: "Hello" }, options);
    expect((await friend.waitForMessage(({ text }) => text === "Hello")).id).toBe(again.id);
    expect(await world.manager.getMessage(id, again.id)).toMatchObject({ state: "delivered" });
  });

  it("sends many at once without a warning of leaks", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    const texts = Array.from({ length: 30 }, (_, n) => `text ${n}`);
    await Promise.all(texts.map((text) => world.manager.sendMessage(id, friend.jid, { text })));
    await expect.poll(() => friend.messages.length).toBe(30);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it.each([
    [420, "RATE_LIMITED"],
    [429, "RATE_LIMITED"],
    [463, "REACHOUT_LOCKED"],
    [404, "NOT_ON_WHATSAPP"],
    [401, "NOT_ALLOWED"],
    [403, "NOT_ALLOWED"],
    [475, "WHATSAPP_REFUSED"],
    [479, "WHATSAPP_REFUSED"],
    [500, "WHATSAPP_REFUSED"],
  ])("rejects a message to a person that is refused with %i as %s", async (status, code) => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: { error: status } });
    await expect(world.manager.sendMessage(id, friend.jid, { text: "Hello" })).rejects.toMatchObject({
      code,
      status,
    });
    expect(world.all("message.failed")).toEqual([]);
  });

  it.each([
    [401, "NOT_ALLOWED"],
    [403, "NOT_ALLOWED"],
    [404, "GROUP_NOT_FOUND"],
    [420, "RATE_LIMITED"],
    [463, "REACHOUT_LOCKED"],
    [479, "WHATSAPP_REFUSED"],
  ])("rejects a message to a group that is refused with %i as %s", async (status, code) => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const group = phone.createGroup("group", [world.phone("friend")]);
    world.emulator.faults.add({ at: "message", action: { error: status } });
    await expect(world.manager.sendMessage(id, group.jid, { text: "Hello" })).rejects.toMatchObject({
      code,
      status,
    });
  });

  it("rejects at once while the session is not connected, and for what is no recipient", async () => {
    await using world = await open();
    const id = await world.created();
    await expect(world.manager.sendMessage(id, "+5511999999999", { text: "Hello" })).rejects.toMatchObject({
      code: "SESSION_NOT_CONNECTED",
    });
    for (const to of ["Bruno", "status@broadcast", "120363000000000000@newsletter", "0119999", ""])
      await expect(world.manager.sendMessage(id, to, { text: "Hello" })).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
    await expect(
      world.manager.sendMessage("none", "+5511999999999", { text: "Hello" }),
    ).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});
