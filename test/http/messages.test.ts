/** The routes of messages: over the engine and the emulator, and what their errors are over HTTP. */
import { describe, expect, it } from "vitest";
import { ZpwootClient } from "../../src/client/index.js";
import { ZpwootError, type ZpwootErrorCode } from "../../src/errors.js";
import { createHttpHandler, openApiDocument } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";
import { AS_CLIENT, openHandler } from "./fixtures.js";

const KEY = "key-of-the-messages";

async function post(
  handler: ReturnType<typeof openHandler>["handler"],
  id: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const request = new Request(`http://localhost/sessions/${id}/messages`, {
    ...{ method: "POST", headers: { ...AS_CLIENT, ...headers }, body: JSON.stringify(body) },
  });
  const response = await handler.fetch(request);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("messages over HTTP", () => {
  it("are sent once by key, and shown with their state", async () => {
    await using world = await EngineWorld.open();
    const { fetch } = createHttpHandler(world.manager, { apiKeys: KEY });
    const client = new ZpwootClient({ baseUrl: "http://localhost", apiKey: KEY, fetch });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const send = () =>
      client.sendMessage(id, `+${friend.phoneNumber}`, { text: "Hello" }, { idempotencyKey: "order-1" });
    const sent = await send();
    expect(sent).toMatchObject({ to: friend.jid, state: "sent" });
    expect(await send()).toEqual(sent);
    expect(friend.messages.filter(({ text }) => text === "Hello")).toHaveLength(1);
    expect(await client.getMessage(id, sent.id)).toMatchObject({
      id: sent.id,
      kind: "text",
      state: "delivered",
    });
    await expect(
      client.sendMessage(id, friend.jid, { text: "Other" }, { idempotencyKey: "order-1" }),
    ).rejects.toMatchObject({ status: 409, message: expect.stringContaining("idempotencyKey") });
    await expect(client.getMessage(id, "none")).rejects.toMatchObject({ status: 404 });
    await world.manager.disconnect(id);
    await expect(client.sendMessage(id, friend.jid, { text: "x" })).rejects.toMatchObject({ status: 400 });
    const queued = await client.sendMessage(id, friend.jid, { text: "Later" }, { queue: true });
    expect(queued.state).toBe("queued");
    await world.manager.connect(id);
    expect((await friend.waitForMessage(({ text }) => text === "Later")).id).toBe(queued.id);
  });

  it("are answered with 202 when they are queued, and take the key as a header", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "s" });
    const body = { to: "+5511999999999", content: { text: "Hello" }, queue: true };
    const { status, body: answer } = await post(handler, id, body, { "idempotency-key": "order-1" });
    expect(status).toBe(202);
    expect(answer).toMatchObject({ state: "queued" });
    expect(manager.calls.at(-1)?.input).toEqual({
      ...{ to: "+5511999999999", content: { text: "Hello" } },
      options: { queue: true, timeoutMs: 10_000, idempotencyKey: "order-1" },
    });
    const other = await post(
      handler,
      id,
      { ...body, idempotencyKey: "order-2" },
      { "idempotency-key": "order-1" },
    );
    expect(other).toMatchObject({ status: 400 });
    expect(await post(handler, id, body, { "idempotency-key": "with a space" })).toMatchObject({
      status: 400,
    });
  });

  it.each([
    [{}, "to must be a text of 1 to 128 characters", "content must be an object"],
    [{ to: "x", content: {} }, "content must have exactly one of: text, image"],
    [
      { to: "x", content: { text: "a", image: { url: "https://a.b/c" } } },
      "content must have exactly one of",
    ],
    [{ to: "x", content: { txt: "a" } }, "it has txt (did you mean text?)"],
    [{ to: "x", content: { text: "a", mention: [] } }, "mention is not a field (did you mean mentions?)"],
    [{ to: "x", content: { image: { path: "/etc/passwd" } } }, "image must be { url } or { base64 }"],
    [
      { to: "x", content: { image: { url: "/etc/passwd" } } },
      "image.url must begin with http:// or https://",
    ],
    [{ to: "x", content: { image: { url: "file:///etc/passwd" } } }, "image.url must begin with"],
    [{ to: "x", content: { document: { base64: "?" }, fileName: "a" } }, "document.base64 must be base64"],
    [
      { to: "x", content: { location: { latitude: 91, longitude: 0 } } },
      "location.latitude must be a number",
    ],
    [{ to: "x", content: { poll: { name: "a", options: ["b"] } } }, "poll.options must have 2 to 12 values"],
    [{ to: "x", content: { text: "a" }, queued: true }, "queued is not a field (did you mean queue?)"],
    [
      { to: "x", content: { text: "a" }, timeoutMs: 90_000 },
      "timeoutMs must be a whole number from 1 to 60000",
    ],
  ])("%j is refused with every broken rule", async (body, ...sentences) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "s" });
    const { status, body: answer } = await post(handler, id, body);
    expect(status).toBe(400);
    for (const sentence of sentences) expect(JSON.stringify(answer["message"])).toContain(sentence);
    expect(manager.calls.map(({ method }) => method)).not.toContain("sendMessage");
  });

  it.each([
    ["NOT_ON_WHATSAPP", 404],
    ["GROUP_NOT_FOUND", 404],
    ["NOT_ALLOWED", 403],
    ["REACHOUT_LOCKED", 422],
    ["RATE_LIMITED", 429],
    ["MEDIA_FAILED", 422],
    ["WHATSAPP_REFUSED", 422],
    ["RECIPIENT_UNREACHABLE", 422],
    ["BAD_SIGNATURE", 422],
    ["IDEMPOTENCY_CONFLICT", 409],
    ["QUEUE_FULL", 409],
    ["TEMP_UNAVAILABLE", 500],
    ["MESSAGE_UNCONFIRMED", 504],
    ["TIMEOUT", 504],
    ["STOPPED", 503],
    ["SESSION_NOT_CONNECTED", 400],
  ] satisfies [ZpwootErrorCode, number][])("answers %s with %i and what to do", async (code, status) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "s" });
    manager.throwing.set("sendMessage", new ZpwootError(code, "what to do"));
    const answer = await post(handler, id, { to: "+5511999999999", content: { text: "a secret text" } });
    expect(answer.status).toBe(status);
    const ownText = ["SESSION_NOT_CONNECTED", "TEMP_UNAVAILABLE", "STOPPED"].includes(code);
    if (!ownText) expect(answer.body["message"]).toBe("what to do");
  });

  it("have every status of their errors in the OpenAPI document", () => {
    const { responses = {} } = openApiDocument().paths["/sessions/{id}/messages"]?.["post"] ?? {};
    expect(Object.keys(responses as object)).toEqual([
      ...["201", "202", "400", "401", "403", "404", "409", "413", "422", "429", "500", "502", "504"],
    ]);
  });

  it("say nothing of the content in a log", async () => {
    const { handler, manager, logger } = openHandler({ logRequests: true });
    const { id } = await manager.create({ name: "s" });
    manager.throwing.set("sendMessage", new Error("unexpected"));
    const answer = await post(handler, id, { to: "+5511999999999", content: { text: "a secret text" } });
    expect(answer.status).toBe(500);
    expect(logger.text).toContain("sendMessage");
    expect(logger.text).not.toContain("a secret text");
  });
});
