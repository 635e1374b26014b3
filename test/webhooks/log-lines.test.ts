/** What the log says of an endpoint that fails: one line when it starts to, one when it recovers, not one per retry. */
import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/api/logger.js";
import { Receiver } from "./receiver.js";
import { WebhookWorld } from "./world.js";

/** One call of the logger. */
interface Line {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

class Lines {
  readonly all: Line[] = [];
  readonly logger: Logger = {
    trace: () => {},
    debug: this.#collect("debug"),
    info: this.#collect("info"),
    warn: this.#collect("warn"),
    error: this.#collect("error"),
  };

  /** Level and message of each line. */
  get texts(): readonly string[] {
    return this.all.map(({ level, message }) => `${level}: ${message}`);
  }

  #collect(level: string) {
    return (fields: object, message: string): void =>
      void this.all.push({ level, fields: { ...fields }, message });
  }
}

const FAILED = "warn: A webhook delivery failed; retrying";
const RECOVERED = "info: The webhook is delivered to again";

describe("the log of an endpoint", () => {
  it("has one line for the first failure of many, with status and next try, and one for the recovery", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index < 4 ? 503 : 204);
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const lines = new Lines();
    const startedAt = Date.now();
    await world.start({ logger: lines.logger }).publish("s1", "messages.upsert", {});
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ attempts: 5 }]);
    expect(lines.texts).toEqual([FAILED, RECOVERED]);
    const [failed, recovered] = lines.all.map(({ fields }) => fields);
    const deliveryId = world.all("webhook.delivered")[0]?.["deliveryId"];
    expect(failed).toMatchObject({ sessionId: "s1", endpoint: "default", deliveryId, status: 503 });
    expect(Date.parse(String(failed?.["nextTryAt"]))).toBeGreaterThanOrEqual(startedAt);
    expect(recovered).toMatchObject({ sessionId: "s1", endpoint: "default", deliveryId, attempts: 5 });
  });

  it("has a line again when the endpoint fails after it had recovered, or after it was changed", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index === 1 ? 204 : 500);
    await using world = new WebhookWorld({ retryBaseMs: 2, retryCapMs: 2 });
    world.session("s1", receiver.url);
    const lines = new Lines();
    const dispatcher = world.start({ logger: lines.logger });
    for (const n of [1, 2]) await dispatcher.publish("s1", "messages.upsert", { n });
    await receiver.until(({ length }) => length >= 5);
    expect(lines.texts).toEqual([FAILED, RECOVERED, FAILED]);
    dispatcher.updated("s1");
    await expect.poll(() => lines.texts).toEqual([FAILED, RECOVERED, FAILED, FAILED]);
  });

  it("has the error of an attempt without a response, and neither URL nor secret", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "reset";
    const url = receiver.url.replace("//", "//user:password@");
    await using world = new WebhookWorld();
    const secret = world.session("s1", url, { headers: { authorization: "Bearer of the test" } });
    const lines = new Lines();
    await world.start({ logger: lines.logger }).publish("s1", "messages.upsert", { text: "payload" });
    await receiver.until(({ length }) => length >= 3);
    expect(lines.all.map(({ fields }) => fields)).toMatchObject([
      { error: expect.stringMatching(/connection/) },
    ]);
    const logged = JSON.stringify(lines.all);
    for (const hidden of [secret, "user:password", "127.0.0.1", "Bearer", "payload"]) {
      expect(logged).not.toContain(hidden);
    }
  });

  it("has a line when a 410 disables it", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 410;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const lines = new Lines();
    await world.start({ logger: lines.logger }).publish("s1", "messages.upsert", {});
    await expect.poll(() => world.records.get("s1")?.webhook?.enabled).toBe(false);
    expect(lines.all).toMatchObject([
      { level: "warn", fields: { sessionId: "s1", endpoint: "default", status: 410 } },
    ]);
  });

  it("has one line when the outbox is full, and one per failed delivery", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ maxQueued: 1, timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    const lines = new Lines();
    const dispatcher = world.start({ logger: lines.logger });
    for (const n of [1, 2, 3]) await dispatcher.publish("s1", "messages.upsert", { n });
    const lost = "warn: A webhook delivery failed for good";
    const full = "warn: The webhook's outbox is full: new events become failed deliveries";
    expect(lines.texts).toEqual([lost, full, lost]);
    expect(lines.all[0]?.fields).toMatchObject({
      attempts: 0,
      error: "outbox full",
      event: "messages.upsert",
    });
  });

  it("has one line for a store that is away, however often it is tried", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld({ retryBaseMs: 2, retryCapMs: 2 });
    const { space } = world;
    let tries = 0;
    world.space = (id) => ({
      ...space(id),
      readEach: () => {
        tries += 1;
        return Promise.reject(new Error("away"));
      },
    });
    world.session("s1", receiver.url);
    const lines = new Lines();
    await world.start({ logger: lines.logger }).resume(["s1"]);
    await expect.poll(() => tries).toBeGreaterThan(3);
    expect(lines.texts).toEqual(["warn: A webhook outbox can't be read; trying again"]);
  });
});
