/** Events that are larger than an endpoint takes. */
import { describe, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import { webhookPayloadSchema } from "../../src/events/payload-schemas.js";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";

const quick = {
  webhooks: {
    allowPrivateTargets: true,
    retryBaseMs: 5,
    retryCapMs: 10,
    publicUrl: "https://api.example/wa/",
  },
  eventLog: false,
} as const;
const LONG = "long ".repeat(2_000);

/** A linked session whose webhook takes 1,500 bytes, and one who writes to it. */
async function limited(world: EngineWorld, receiver: Receiver) {
  const { id, phone } = await world.linked();
  const webhook = { url: receiver.url, events: ["messages.upsert"] as const, maxBodyBytes: 1_500 };
  const { webhookSecret = "" } = await world.manager.update(id, { webhook });
  const friend = world.phone("friend");
  return { id, secret: webhookSecret, writes: (text: string) => friend.sendText(phone, text) };
}

describe("an event that is larger than its endpoint takes", () => {
  it("is sent by reference, and is there whole until it is acknowledged and after that", async () => {
    await using receiver = await Receiver.start();
    await using world = await EngineWorld.open(quick);
    const { id, secret, writes } = await limited(world, receiver);
    writes("short");
    writes(LONG);
    const isReference = ({ body }: { readonly body: string }): boolean => body.includes("by-reference");
    receiver.answer = (request) => (isReference(request) ? 500 : 204);
    await receiver.until((all) => all.some(isReference));
    const [short, reference] = receiver.received;
    expect(short?.body).toContain('"conversation":"short"');
    new Webhook(secret).verify(reference?.body ?? "", reference?.headers as Record<string, string>);
    const parsed = webhookPayloadSchema.parse(reference?.json);
    expect(parsed).toMatchObject({ data: null, omitted: "by-reference" });
    expect(parsed.reference?.url).toBe(`https://api.example/wa/sessions/${id}/events/${parsed.id}`);

    const queued = await world.manager.getEvent(id, parsed.id);
    expect(queued).toMatchObject({ id: parsed.id, event: "messages.upsert", sessionId: id });
    expect(queued.body).toContain(LONG);
    expect(Buffer.byteLength(queued.body)).toBe(parsed.reference?.bytes);
    receiver.answer = () => 204;
    await expect.poll(() => world.manager.stats().webhooks.queued).toBe(0);
    await world.restarted(id);
    expect((await world.manager.getEvent(id, parsed.id)).body).toBe(queued.body);
    await expect(world.manager.getEvent(id, short?.json.id ?? "")).rejects.toMatchObject({
      code: "EVENT_NOT_FOUND",
    });
  });

  it("is sent whole again when the endpoint takes any size, and what it takes is shown", async () => {
    await using receiver = await Receiver.start();
    await using world = await EngineWorld.open(quick);
    const { id, writes } = await limited(world, receiver);
    const limit = async (): Promise<unknown> => (await world.manager.get(id)).endpoints?.[0]?.maxBodyBytes;
    expect(await limit()).toBe(1_500);
    await world.manager.update(id, { webhook: { enabled: true } });
    expect(await limit()).toBe(1_500);
    await world.manager.update(id, { webhook: { maxBodyBytes: null } });
    expect(await limit()).toBeUndefined();
    writes(LONG);
    await receiver.until((all) => all.length > 0);
    expect(receiver.received[0]?.body).toContain(LONG);
  });

  it("is refused as an option below the size of a reference", async () => {
    await using world = await EngineWorld.open(quick);
    const { id } = await world.manager.create({ name: "s" });
    await expect(world.manager.update(id, { webhook: { maxBodyBytes: 100 } })).rejects.toThrow(
      "webhook.maxBodyBytes must be a whole number from 1024, or null for any size",
    );
  });
});
