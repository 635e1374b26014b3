/** A message with a key is sent once, whatever happens between sending and answering. */
import { describe, expect, it } from "vitest";
import type { SessionManager } from "../../src/manager/session-manager.js";
import { LIBRARIES } from "../support/libraries.js";

const HELLO = { text: "Hello" };

describe.each(LIBRARIES)("an idempotency key with $name", ({ open }) => {
  it("gives the same answer again: one after the other, at once, and after a restart", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    const send = () => world.manager.sendMessage(id, friend.jid, HELLO, { idempotencyKey: "order-1" });
    const [first, second] = await Promise.all([send(), send()]);
    expect(second).toEqual(first);
    expect(await send()).toEqual(first);
    await world.manager.stop();
    world.reopen();
    // Not connected: what was answered is answered.
    expect(await send()).toEqual(first);
    await phone.waitForMessage(({ fromMe }) => fromMe);
    expect(friend.messages.filter(({ text }) => text === "Hello")).toHaveLength(1);
    expect(phone.messages.filter(({ text }) => text === "Hello")).toHaveLength(1);
  });

  it("is of one message: another recipient, another content is refused", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const options = { idempotencyKey: "order-1" };
    await world.manager.sendMessage(id, friend.jid, HELLO, options);
    const conflict = { code: "IDEMPOTENCY_CONFLICT" };
    const again = world.manager.sendMessage(id, friend.jid, { text: "Other" }, options);
    await expect(again).rejects.toMatchObject(conflict);
    const elsewhere = world.manager.sendMessage(id, world.phone("other").jid, HELLO, options);
    await expect(elsewhere).rejects.toMatchObject(conflict);
    // However the number is written, it is the same recipient.
    const written = `+${friend.phoneNumber.slice(0, 2)} ${friend.phoneNumber.slice(2)}`;
    await world.manager.sendMessage(id, written, HELLO, options);
  });

  it("sends a message whose fate a crash left open again under its id, and phones show it once", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: "drop" });
    const options = { idempotencyKey: "order-1" };
    const lost = world.manager.sendMessage(id, friend.jid, HELLO, { ...options, timeoutMs: 300 });
    await expect(lost).rejects.toMatchObject({ code: "MESSAGE_UNCONFIRMED" });
    const undo = world.emulator.faults.add({ at: "message", action: "drop", times: Infinity });
    const pending = world.manager.sendMessage(id, friend.jid, HELLO);
    // As a crash would leave it, but that its caller is told.
    const told = expect(pending).rejects.toMatchObject({ code: "MESSAGE_UNCONFIRMED" });
    await world.manager.stop();
    await told;
    undo();
    world.reopen();
    await world.manager.start();
    await world.manager.waitFor(id, "connected");
    const { id: messageId } = await world.manager.sendMessage(id, friend.jid, HELLO, options);
    await friend.waitForMessage(({ id: shown }) => shown === messageId);
    await phone.waitForMessage(({ id: shown }) => shown === messageId);
    expect(friend.messages.filter(({ id: shown }) => shown === messageId)).toHaveLength(1);
  });

  it("sends a message again on the next connection when one is lost before the acknowledgement", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: "reset" });
    const sent = await world.manager.sendMessage(id, friend.jid, HELLO);
    expect((await friend.waitForMessage(({ text }) => text === "Hello")).id).toBe(sent.id);
  });

  it("tries a message that was refused again, under the same id", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: { error: 420 } });
    const send = () => world.manager.sendMessage(id, friend.jid, HELLO, { idempotencyKey: "order-1" });
    await expect(send()).rejects.toMatchObject({ code: "RATE_LIMITED" });
    const sent = await send();
    expect((await friend.waitForMessage(({ text }) => text === "Hello")).id).toBe(sent.id);
    expect(await world.manager.getMessage(id, sent.id)).not.toHaveProperty("error");
  });

  it("whose number is not checked in time is not sent later", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "query", query: { xmlns: "usync" }, action: { delayMs: 400 }, times: 2 });
    const late = world.manager.sendMessage(id, `+${friend.phoneNumber}`, HELLO, {
      ...{ checkNumber: true, timeoutMs: 150, idempotencyKey: "late" },
    });
    await expect(late).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringMatching(/^Nothing was sent: .* within 150 ms whether the number has an account/),
    });
    // It is sent after the answer to the question before it.
    const last = { text: "the last" };
    await world.manager.sendMessage(id, `+${friend.phoneNumber}`, last, { checkNumber: true });
    await friend.waitForMessage(({ text }) => text === "the last");
    expect(friend.messages.map(({ text }) => text)).toEqual(["the last"]);
  });

  it("whose recipient's devices are not told in time is not sent later", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const action = { delayMs: 1_200 };
    world.emulator.faults.add({ at: "query", query: { xmlns: "encrypt" }, action, times: 2 });
    const late = world.manager.sendMessage(id, friend.jid, HELLO, { timeoutMs: 600 });
    await expect(late).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringMatching(/^Nothing was sent: .* within 600 ms which devices and keys/),
    });
    // Its own keys are told after those of the first.
    await world.manager.sendMessage(id, friend.jid, { text: "the last" });
    await friend.waitForMessage(({ text }) => text === "the last");
    expect(friend.messages.map(({ text }) => text)).toEqual(["the last"]);
  });

  it.each([
    {
      by: "a stop",
      end: (manager: SessionManager) => manager.stop(),
      notSent: "STOPPED",
      said: /^The session manager was stopped before .* may or may not have been sent\. Send it again/,
    },
    {
      by: "its session's deletion",
      end: (manager: SessionManager, id: string) => manager.delete(id),
      notSent: "SESSION_NOT_FOUND",
      said: /^The session was deleted before .* may or may not have been sent$/,
    },
  ])("that ends with $by is told whether the message may have been sent", async ({ end, notSent, said }) => {
    await using world = await open();
    const { id } = await world.linked();
    const friend = world.phone("friend");
    world.emulator.faults.add({ at: "message", action: "drop" });
    const reached = world.emulator.waitFor("fault", ({ at }) => at === "message");
    const left = world.manager.sendMessage(id, friend.jid, HELLO);
    const unconfirmed = expect(left).rejects.toMatchObject({
      ...{ code: "MESSAGE_UNCONFIRMED", message: expect.stringMatching(said) },
    });
    await reached;
    world.emulator.faults.add({ at: "query", query: { xmlns: "usync" }, action: "drop" });
    const asked = world.emulator.waitFor("fault", ({ at }) => at === "query");
    const waiting = world.manager.sendMessage(id, "+5511911111111", HELLO, { checkNumber: true });
    const notLeft = expect(waiting).rejects.toMatchObject({ code: notSent });
    await asked;
    await end(world.manager, id);
    await Promise.all([unconfirmed, notLeft]);
  });

  it("asks for the form of a Brazilian number that has an account", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const old = world.emulator.addPhone({ phoneNumber: "551187654321" });
    const sent = await world.manager.sendMessage(id, "+55 11 98765-4321", HELLO, { checkNumber: true });
    expect(sent.to).toBe(old.jid);
    expect((await old.waitForMessage(({ text }) => text === "Hello")).id).toBe(sent.id);
    const nobody = world.manager.sendMessage(id, "+55 11 91111-1111", HELLO, { checkNumber: true });
    await expect(nobody).rejects.toMatchObject({ code: "NOT_ON_WHATSAPP" });
    const abroad = world.manager.sendMessage(id, "+44 7700 900123", HELLO, { checkNumber: true });
    await expect(abroad).rejects.toMatchObject({ code: "NOT_ON_WHATSAPP" });
  });
});
