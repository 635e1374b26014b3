/** A receiver on a public name, which msw stands in for: nothing of ours is told that it is not the real one. */
import { syncBuiltinESMExports } from "node:module";
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";

const URL_OF_RECEIVER = "https://hooks.example.com/whatsapp";
const received: { readonly headers: Record<string, string>; readonly body: string }[] = [];
let answers: (() => HttpResponse<null>)[] = [];

const server = setupServer(
  http.post(URL_OF_RECEIVER, async ({ request }) => {
    received.push({ headers: Object.fromEntries(request.headers), body: await request.text() });
    return answers.shift()?.() ?? new HttpResponse(null, { status: 204 });
  }),
);

beforeAll(() => {
  server.listen({ onUnhandledRequest: "bypass" });
  // Named imports of node:http are those that msw has put in its place, from here on.
  syncBuiltinESMExports();
});
afterAll(() => {
  server.close();
  syncBuiltinESMExports();
});

describe("a receiver on a public name", () => {
  it("gets what the standard's own library verifies, again with the same id after a redirect and an error", async () => {
    answers = [
      () => new HttpResponse(null, { status: 302, headers: { location: "https://elsewhere.example.com/" } }),
      () => new HttpResponse(null, { status: 500 }),
    ];
    await using world = await EngineWorld.open({ webhooks: { retryBaseMs: 5, retryCapMs: 10 } });
    const { id, phone } = await world.linked();
    const { webhookSecret = "" } = await world.manager.update(id, {
      webhook: { url: URL_OF_RECEIVER, events: ["messages.upsert"] },
    });
    const delivered = world.next("webhook.delivered");
    world.phone("friend").sendText(phone, "to a public name");
    const { deliveryId, attempts } = await delivered;
    expect(attempts).toBe(3);
    expect(received).toHaveLength(3);
    for (const { headers, body } of received) {
      expect(new Webhook(webhookSecret).verify(body, headers)).toMatchObject({
        id: deliveryId,
        event: "messages.upsert",
        data: { messages: [{ message: { conversation: "to a public name" } }] },
      });
      expect(headers["webhook-id"]).toBe(deliveryId);
      expect(() => new Webhook(webhookSecret).verify(`${body} `, headers)).toThrow();
    }
  });
});
