import { describe, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import { ZpwootClient } from "../../src/client/index.js";
import { createHttpHandler } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";

const quick = { webhooks: { allowPrivateTargets: true, retryBaseMs: 5, retryCapMs: 10, maxAgeMs: 60 } };
const events = ["messages.upsert"] as const;

async function linked(world: EngineWorld) {
  const { id, phone } = await world.linked();
  const friend = world.phone("friend");
  return { id, writes: (text: string) => friend.sendText(phone, text) };
}

const textsOf = ({ received }: Receiver): unknown[] =>
  received.map(
    ({ json }) =>
      (json.data as { messages: { message: { conversation: string } }[] }).messages[0]?.message.conversation,
  );

describe("several endpoints of one session", () => {
  it("get the same events with the same ids, each signed with its own secret and with its own headers", async () => {
    await using one = await Receiver.start();
    await using two = await Receiver.start();
    await using world = await EngineWorld.open(quick);
    const { id, writes } = await linked(world);
    const { webhookSecret, endpointSecrets } = await world.manager.update(id, {
      webhook: { url: one.url, events },
      endpoints: { crm: { url: two.url, events, headers: { Authorization: "Bearer of the crm" } } },
    });
    writes("for both");
    await Promise.all([one, two].map((receiver) => receiver.until((all) => all.length === 1)));
    const [first, second] = [one.received[0], two.received[0]];
    expect(first?.json).toEqual(second?.json);
    expect([first?.headers.authorization, second?.headers.authorization]).toEqual([
      undefined,
      "Bearer of the crm",
    ]);
    const verify = (secret: string | undefined, got: typeof first): unknown =>
      new Webhook(secret ?? "").verify(got?.body ?? "", got?.headers as Record<string, string>);
    verify(webhookSecret, first);
    verify(endpointSecrets?.["crm"], second);
    expect(() => verify(webhookSecret, second)).toThrow();
  });

  it("have queues of their own: a dead one holds up no other", async () => {
    await using dead = await Receiver.start();
    await using live = await Receiver.start();
    dead.answer = () => "hang";
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    const { id, writes } = await linked(world);
    await world.manager.update(id, {
      endpoints: { dead: { url: dead.url, events }, live: { url: live.url, events } },
    });
    for (const text of ["a", "b", "c"]) writes(text);
    await live.until((all) => all.length === 3);
    expect(textsOf(live)).toEqual(["a", "b", "c"]);
    expect(dead.received).toHaveLength(1);
    await expect
      .poll(() => world.manager.stats().webhooks)
      .toMatchObject({ endpoints: 2, sending: 1, queued: 3 });
  });

  it("are listed without secrets and without the values of headers", async () => {
    await using world = await EngineWorld.open(quick);
    const { id } = await world.manager.create({ name: "s", webhookUrl: "https://example.com/a" });
    const headers = { "x-token": "the value of the header" };
    await world.manager.update(id, { endpoints: { b: { url: "https://example.com/b", headers } } });
    const session = await world.manager.get(id);
    const unused = { enabled: true, activity: { state: "idle", queued: 0 } };
    expect(session.endpoints).toEqual([
      { name: "default", url: "https://example.com/a", events: [], headers: [], ...unused },
      { name: "b", url: "https://example.com/b", events: [], headers: ["x-token"], ...unused },
    ]);
    expect(JSON.stringify([session, world.heard])).not.toMatch(/whsec_|the value of the header/);
  });

  it("say over HTTP what each does now, and why its last attempt failed", async () => {
    await using down = await Receiver.start();
    await using slow = await Receiver.start();
    down.answer = () => 500;
    slow.answer = () => "hang";
    // No second attempt while the test looks.
    const webhooks = { allowPrivateTargets: true, retryBaseMs: 60_000, retryCapMs: 60_000 };
    await using world = await EngineWorld.open({ webhooks });
    const { id, writes } = await linked(world);
    await world.manager.update(id, {
      webhook: { url: down.url, events },
      endpoints: { slow: { url: slow.url, events, headers: { "x-token": "the value of the header" } } },
    });
    const apiKey = "key-of-the-endpoints";
    const client = new ZpwootClient({
      ...{ baseUrl: "http://in-process.invalid", apiKey },
      fetch: createHttpHandler(world.manager, { apiKeys: apiKey }).fetch,
    });
    const first = { events: [...events], enabled: true, activity: { state: "idle", queued: 0 } };
    expect(await client.listEndpoints(id)).toEqual([
      { name: "default", url: down.url, headers: [], ...first },
      { name: "slow", url: slow.url, headers: ["x-token"], ...first },
    ]);

    writes("a");
    writes("b");
    await slow.until((all) => all.length === 1);
    await expect
      .poll(() => client.listEndpoints(id))
      .toEqual([
        expect.objectContaining({
          activity: { state: "retrying", queued: 2 },
          lastError: { at: expect.stringMatching(/^\d{4}-.*Z$/), reason: "status 500" },
        }),
        expect.objectContaining({ activity: { state: "sending", queued: 2 } }),
      ]);

    down.answer = () => 204;
    await world.manager.update(id, { webhook: { enabled: true } });
    await down.until((all) => all.length === 3);
    await expect
      .poll(async () => (await client.listEndpoints(id))[0])
      .toEqual({ name: "default", url: down.url, headers: [], ...first });
  });

  it("come back after a restart with what was queued", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    const { id, writes } = await linked(world);
    await world.manager.update(id, { endpoints: { crm: { url: receiver.url, events } } });
    writes("before");
    await receiver.until((all) => all.length === 1);
    await world.manager.stop();
    receiver.answer = () => 204;
    const delivered = world.reopen();
    const done = world.next("webhook.delivered");
    await delivered.list();
    expect(await done).toMatchObject({ sessionId: id, endpoint: "crm", event: "messages.upsert" });
    expect(new Set(receiver.received.map(({ json }) => json.id)).size).toBe(1);
  });

  it("leave nothing behind when they are taken away", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    const { id, writes } = await linked(world);
    await world.manager.update(id, { endpoints: { crm: { url: receiver.url, events } } });
    writes("queued");
    await receiver.until((all) => all.length === 1);
    expect(await world.manager.countKeys(id)).toHaveProperty("webhook-crm");
    await world.manager.update(id, { endpoints: { crm: null } });
    expect(await world.manager.countKeys(id)).toMatchObject({ "webhook-crm": 0 });
    expect((await world.manager.get(id)).endpoints).toBeUndefined();
  });

  it("are switched off one by one by a 410", async () => {
    await using gone = await Receiver.start();
    await using live = await Receiver.start();
    gone.answer = () => 410;
    await using world = await EngineWorld.open(quick);
    const { id, writes } = await linked(world);
    await world.manager.update(id, {
      webhook: { url: live.url, events },
      endpoints: { gone: { url: gone.url, events } },
    });
    const told = world.next("session.updated");
    writes("hello");
    await told;
    await live.until((all) => all.length === 1);
    const { endpoints } = await world.manager.get(id);
    expect(endpoints?.map(({ name, enabled }) => [name, enabled])).toEqual([
      ["default", true],
      ["gone", false],
    ]);
  });

  it.each([
    [{ Crm: { url: "https://example.com" } }, "names of 1 to 32 lower-case letters"],
    [{ default: { url: "https://example.com" } }, "endpoints.default is `webhook`"],
    [{ crm: { url: "ftp://example.com" } }, "url must be a URL address"],
    [{ crm: { headers: { "webhook-signature": "mine" } } }, "can't set webhook-signature"],
    [{ crm: { headers: { host: "mine" } } }, "can't set host"],
    [{ crm: { headers: { "x y": "z" } } }, "valid header names"],
    [{ crm: { headers: { x: "a\r\nb: c" } } }, "without line breaks"],
    [{ crm: { headers: { x: "y".repeat(9_000) } } }, "at most 8192 characters"],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`e${n}`, { url: "https://example.com" }])),
      "at most 10",
    ],
  ])("are refused as %j, nothing changed", async (endpoints, message) => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    const refused = await world.manager.update(id, { endpoints }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining(message) });
    expect(String(refused)).not.toContain("yyyy");
    expect((await world.manager.get(id)).endpoints).toBeUndefined();
  });
});

describe("failed deliveries of a manager", () => {
  it("are listed with their endpoint and delivered again, with the same id", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = await EngineWorld.open(quick);
    const { id, writes } = await linked(world);
    await world.manager.update(id, { endpoints: { crm: { url: receiver.url, events } } });
    const failed = world.next("webhook.failed");
    writes("again");
    const { deliveryId } = await failed;
    const [listed, ...more] = await world.manager.listFailedDeliveries(id);
    expect(more).toEqual([]);
    expect(listed).toMatchObject({ id: deliveryId, endpoint: "crm", event: "messages.upsert" });
    receiver.answer = () => 204;
    const delivered = world.next("webhook.delivered");
    await world.manager.redeliver(id, deliveryId);
    expect(await delivered).toMatchObject({ deliveryId, endpoint: "crm" });
    expect(await world.manager.listFailedDeliveries(id)).toEqual([]);
    await expect(world.manager.redeliver(id, deliveryId)).rejects.toMatchObject({
      code: "DELIVERY_NOT_FOUND",
    });
  });
});
