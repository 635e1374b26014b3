import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";

describe("a session's webhook", () => {
  it("gets its subscribed events, signed and in order, from the true library", async () => {
    await using receiver = await Receiver.start();
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    const created = await world.manager.create({
      name: "hooked",
      webhookUrl: receiver.url,
      webhookEvents: ["messages.upsert", "connection.update"],
    });
    const phone = world.phone();
    const friend = world.phone("Bruno");
    await world.manager.connect(created.id);
    await phone.scan(await world.qr(created.id));
    await world.manager.waitFor(created.id, "connected", { timeoutMs: 5_000 });
    for (const text of ["one", "two", "three"]) friend.sendText(phone, text);
    await receiver.until((all) => all.filter(({ json }) => json.event === "messages.upsert").length === 3);
    const webhook = new Webhook(created.webhookSecret ?? "");
    for (const { body, headers } of receiver.received)
      webhook.verify(body, headers as Record<string, string>);
    const texts = receiver.received
      .filter(({ json }) => json.event === "messages.upsert")
      .map(
        ({ json }) =>
          (json.data as { messages: { message: { conversation: string } }[] }).messages[0]?.message
            .conversation,
      );
    expect(texts).toEqual(["one", "two", "three"]);
    const states = receiver.received
      .filter(({ json }) => json.event === "connection.update")
      .map(({ json }) => (json.data as { connection?: string }).connection)
      .filter((state) => state !== undefined);
    expect(states).toEqual(["connecting", "close", "connecting", "open"]);
    expect(new Set(receiver.received.map(({ json }) => json.event))).toEqual(
      new Set(["connection.update", "messages.upsert"]),
    );
  });

  it("shows its secret once, at the creation", async () => {
    await using world = await EngineWorld.open();
    const created = await world.manager.create({ name: "s", webhookUrl: "https://example.com/hook" });
    expect(created.webhookSecret).toMatch(/^whsec_/);
    expect(JSON.stringify([await world.manager.get(created.id), await world.manager.list()])).not.toContain(
      "whsec_",
    );
    expect(await world.manager.create({ name: "t" })).not.toHaveProperty("webhookSecret");
  });
});
