import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import type { WebhookConfig } from "../../src/api/session-record.js";
import { changeWebhook } from "../../src/webhooks/endpoint-changes.js";
import { secretsOf } from "../../src/webhooks/endpoints.js";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";

const local = { webhooks: { allowPrivateTargets: true } };

/** A linked session with a friend who writes to it. */
async function linked(world: EngineWorld) {
  const { id, phone } = await world.linked();
  const friend = world.phone("friend");
  return { id, writes: (text: string) => void friend.sendText(phone, text) };
}

const textsOf = ({ received }: Receiver): unknown[] =>
  received.map(
    ({ json }) =>
      (json.data as { messages: { message: { conversation: string } }[] }).messages[0]?.message.conversation,
  );

const verifies = (secret: string | undefined, receiver: Receiver): void => {
  const last = receiver.received.at(-1);
  new Webhook(secret ?? "").verify(last?.body ?? "", last?.headers as Record<string, string>);
};

describe("the webhook of a session that exists", () => {
  it("is set, moved, switched off and taken away while the session is connected", async () => {
    await using one = await Receiver.start();
    await using two = await Receiver.start();
    await using world = await EngineWorld.open(local);
    const { manager } = world;
    const { id, writes } = await linked(world);
    const events = ["messages.upsert"] as const;
    const set = await manager.update(id, { webhook: { url: one.url, events } });
    expect(set).toMatchObject({ webhookUrl: one.url, webhookEvents: events });
    const delivered = async (text: string): Promise<void> => {
      // Acknowledged, not just received: an update cancels what is under way, which then comes again.
      const done = world.next("webhook.delivered");
      writes(text);
      await done;
    };
    await delivered("to one");
    verifies(set.webhookSecret, one);

    expect(await manager.update(id, { webhook: { url: two.url } })).not.toHaveProperty("webhookSecret");
    await delivered("to two");
    verifies(set.webhookSecret, two);

    await manager.update(id, { webhook: { enabled: false } });
    const heard = world.next("messages.upsert");
    writes("to nobody");
    await heard;
    await manager.update(id, { webhook: { enabled: true } });
    await delivered("to two again");
    expect([textsOf(one), textsOf(two)]).toEqual([["to one"], ["to two", "to two again"]]);

    await manager.update(id, { webhook: null });
    expect(await manager.get(id)).toMatchObject({ webhookUrl: null, webhookEvents: [] });
    expect(world.all("session.updated").map(({ sessionId }) => sessionId)).toEqual(Array(5).fill(id));
  });

  it("is signed with the old secret too, for a day after a new one was made", async () => {
    await using receiver = await Receiver.start();
    await using world = await EngineWorld.open(local);
    const { id, writes } = await linked(world);
    const webhook = { url: receiver.url, events: ["messages.upsert"] } as const;
    const { webhookSecret: old } = await world.manager.update(id, { webhook });
    const { webhookSecret: next } = await world.manager.update(id, { webhook: { rotateSecret: true } });
    expect(next).not.toBe(old);
    writes("signed twice");
    await receiver.until((all) => all.length === 1);
    verifies(old, receiver);
    verifies(next, receiver);
    expect(JSON.stringify(await world.manager.get(id))).not.toContain("whsec_");
  });

  it("is signed with both old ones after two new ones in a day, each for its own day", () => {
    const day = 24 * 60 * 60 * 1_000;
    const first = changeWebhook(null, { url: "https://example.com/hook" }, 0).webhook;
    const second = changeWebhook(first, { rotateSecret: true }, 1_000).webhook;
    const third = changeWebhook(second, { rotateSecret: true }, 2_000).webhook as WebhookConfig;
    const [a, b, c] = [first?.secret, second?.secret, third.secret];
    expect(third.previous).toEqual([
      { secret: b, until: "1970-01-02T00:00:02.000Z" },
      { secret: a, until: "1970-01-02T00:00:01.000Z" },
    ]);
    expect(secretsOf(third, 3_000)).toEqual([c, b, a]);
    expect(secretsOf(third, day + 1_500)).toEqual([c, b]);
    expect(secretsOf(third, day + 2_500)).toEqual([c]);
  });

  it("forgets old secrets when their day is over, and keeps ten at most", () => {
    let webhook = changeWebhook(null, { url: "https://example.com/hook" }, 0).webhook;
    const oldest = webhook?.secret;
    for (let n = 1; n <= 12; n++) ({ webhook } = changeWebhook(webhook, { rotateSecret: true }, n));
    expect(webhook?.previous).toHaveLength(10);
    ({ webhook } = changeWebhook(webhook, { rotateSecret: true }, 48 * 60 * 60 * 1_000));
    expect(webhook?.previous).toHaveLength(1);
    expect(JSON.stringify(webhook)).not.toContain(oldest);
  });

  it("is still signed with the old secret of a record of an earlier version", () => {
    const previous = { secret: "whsec_b2xk", until: "1970-01-02T00:00:00.000Z" };
    const stored = { url: "https://example.com", events: [], enabled: true, secret: "whsec_bmV3", previous };
    expect(secretsOf(stored, 0)).toEqual(["whsec_bmV3", "whsec_b2xk"]);
    const { webhook } = changeWebhook(stored, { rotateSecret: true }, 1_000);
    expect(webhook?.previous).toEqual([expect.objectContaining({ secret: "whsec_bmV3" }), previous]);
  });

  it("shows a secret when the first URL comes after the events", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.manager.create({ name: "events only", webhookEvents: ["chats.upsert"] });
    const { webhookSecret } = await world.manager.update(id, {
      webhook: { url: "https://example.com/hook" },
    });
    expect(webhookSecret).toMatch(/^whsec_/);
  });

  it.each([
    [{ webhook: { url: "no" } }, "webhook.url must be a URL address or null"],
    [{ webhook: { events: ["messages.sent"] } }, "each value in webhook.events must be one of"],
    [{ webhook: { events: "all" } }, "webhook.events must be an array"],
    [{ webhook: { enabled: "yes" } }, "webhook.enabled must be true or false"],
    [{ webhook: { ulr: "https://example.com" } }, "ulr"],
    [{ name: "other" }, "name"],
    [undefined, "object"],
  ])("refuses %j and stays as it is", async (input, message) => {
    await using world = await EngineWorld.open();
    const webhookUrl = "https://example.com/hook";
    const { id } = await world.manager.create({ name: "s", webhookUrl });
    const before = await world.manager.get(id);
    const update = world.manager.update(id, input as never);
    await expect(update).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(message),
    });
    expect(await world.manager.get(id)).toEqual(before);
  });

  it("is not changed for a session that does not exist", async () => {
    await using world = await EngineWorld.open();
    await expect(world.manager.update("nobody", { webhook: null })).rejects.toMatchObject({
      code: "SESSION_NOT_FOUND",
    });
  });
});
