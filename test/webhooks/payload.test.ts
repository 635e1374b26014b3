import { proto, type BaileysEventMap } from "whaileys";
import { describe, expect, it } from "vitest";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../../src/api/webhook-events.js";
import { webhookDataSchemas, webhookPayloadSchema } from "../../src/index.js";
import type { WebhookPayload } from "../../src/events/payload.js";
import { WEBHOOK_DEFAULTS } from "../../src/webhooks/options.js";
import { renderPayloads, type PayloadLimits } from "../../src/events/payload.js";

const AT = Date.parse("2026-11-24T01:02:03.456Z");
const key = { remoteJid: "5511999999999@s.whatsapp.net", fromMe: false, id: "ABC" };
const keyBytes = Buffer.alloc(32, 7);

/** As it comes off the wire: protobuf classes, Longs, enums as numbers, bytes. */
function message(): proto.WebMessageInfo {
  const info = proto.WebMessageInfo.fromObject({
    key,
    messageTimestamp: 1_732_406_523,
    status: proto.WebMessageInfo.Status.DELIVERY_ACK,
    message: {
      imageMessage: { mediaKey: keyBytes, fileLength: "9007199254740993", caption: "hi", width: 640 },
    },
  });
  return proto.WebMessageInfo.decode(proto.WebMessageInfo.encode(info).finish());
}

const group = { id: "1@g.us", subject: "g", owner: undefined, participants: [{ id: "a", admin: null }] };

/** One payload of each event, as whaileys emits them. */
const SAMPLES: { [Name in WebhookEventName]: BaileysEventMap[Name] } = {
  "connection.update": {
    connection: "close",
    lastDisconnect: {
      error: Object.assign(new Error("Stream Errored"), {
        isBoom: true,
        output: { statusCode: 515 },
      }),
      date: new Date(AT),
    },
  },
  "messages.upsert": { messages: [message()], type: "notify" },
  "messages.update": [{ key, update: { status: proto.WebMessageInfo.Status.READ, messageTimestamp: 5 } }],
  "messages.delete": { keys: [key] },
  "message-receipt.update": [{ key, receipt: { userJid: "a", readTimestamp: 5 } }],
  "groups.upsert": [group as never],
  "groups.update": [{ id: "1@g.us", announce: true }],
  "group-participants.update": { id: "1@g.us", participants: ["a"], action: "add" } as never,
  "contacts.upsert": [{ id: "a", notify: "Bruno" }],
  "contacts.update": [{ id: "a", imgUrl: null }],
  "presence.update": { id: "a", presences: { a: { lastKnownPresence: "composing", lastSeen: 5 } } },
  "chats.upsert": [proto.Conversation.fromObject({ id: "a", conversationTimestamp: "5" })],
  "chats.update": [{ id: "a", unreadCount: 3 }],
  "chats.delete": ["a@s.whatsapp.net"],
};

/** The bodies of an event, parsed, with the ids `1`, `2`… */
function rendered(
  event: WebhookEventName,
  data: unknown,
  limits: Partial<PayloadLimits> = {},
): readonly WebhookPayload[] {
  let ids = 0;
  const facts = { event, sessionId: "s1", sessionName: "sales", at: AT, data };
  const bodies = renderPayloads(facts, { ...WEBHOOK_DEFAULTS, ...limits }, () => String((ids += 1)));
  return bodies.map(({ id, body }) => {
    const payload = JSON.parse(body) as WebhookPayload;
    expect(payload.id).toBe(id);
    return payload;
  });
}

describe("the schemas of bodies", () => {
  it.each(WEBHOOK_EVENTS)("refuse %s with the data of nothing", (event) => {
    const nothing = { "connection.update": { connection: "on" } }[event as string] ?? 7;
    expect(webhookDataSchemas[event].safeParse(nothing).success).toBe(false);
  });

  it("take a body whose data was left out", () => {
    const [payload] = rendered("messages.upsert", SAMPLES["messages.upsert"], {
      splitBytes: 10,
      maxPayloadBytes: 10,
    });
    expect(payload).toMatchObject({ data: null, omitted: "too-large" });
    expect(webhookPayloadSchema.safeParse({ ...payload, id: `msg_${"0".repeat(32)}` }).success).toBe(true);
  });
});

describe("the body of a delivery", () => {
  it.each(WEBHOOK_EVENTS)("of %s has the documented fields, and data without anything but JSON", (event) => {
    const [payload, ...more] = rendered(event, SAMPLES[event]);
    expect(more).toEqual([]);
    expect(payload).toMatchObject({ event, sessionId: "s1", sessionName: "sales" });
    expect(payload?.timestamp).toBe("2026-11-24T01:02:03.456Z");
    expect(Object.keys(payload ?? {})).toEqual([
      "id",
      "event",
      "sessionId",
      "sessionName",
      "timestamp",
      "data",
    ]);
    expect(payload?.data).not.toBeNull();
    expect(webhookPayloadSchema.parse({ ...payload, id: `msg_${"0".repeat(32)}` }).event).toBe(event);
    expect(JSON.stringify(payload)).not.toMatch(/"type":"Buffer"|"low":|"stack":/);
  });

  it("has a message off the wire with bytes as base64, numbers exact and enums as numbers", () => {
    const [payload] = rendered("messages.upsert", SAMPLES["messages.upsert"]);
    expect(payload?.data).toMatchObject({
      messages: [
        {
          key,
          messageTimestamp: 1_732_406_523,
          status: 3,
          message: {
            imageMessage: {
              mediaKey: keyBytes.toString("base64"),
              fileLength: "9007199254740993",
              caption: "hi",
              width: 640,
            },
          },
        },
      ],
      type: "notify",
    });
  });

  it("has the reason of a close, and the date of it", () => {
    const [payload] = rendered("connection.update", SAMPLES["connection.update"]);
    expect(payload?.data).toMatchObject({
      connection: "close",
      lastDisconnect: {
        error: { message: "Stream Errored", output: { statusCode: 515 } },
        date: new Date(AT).toISOString(),
      },
    });
  });

  it("is sent in parts when a list makes it long: nothing lost, in order, each with its own id and the other fields", () => {
    const messages = Array.from({ length: 100 }, (_, n) => ({ n, text: "x".repeat(90) }));
    const parts = rendered("messages.upsert", { messages, type: "append" }, { splitBytes: 2_000 });
    const data = parts.map((part) => part.data as unknown as { messages: { n: number }[]; type: string });
    expect(parts.length).toBeGreaterThan(5);
    expect(new Set(parts.map(({ id }) => id)).size).toBe(parts.length);
    expect(data.flatMap((part) => part.messages)).toEqual(messages);
    expect(new Set(data.map(({ type }) => type))).toEqual(new Set(["append"]));
    for (const part of parts) expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(2_000);
  });

  it("is sent whole when one item is longer than a part and shorter than the bound", () => {
    const data = [{ text: "x".repeat(5_000) }, { text: "y" }];
    const parts = rendered("contacts.upsert", data, { splitBytes: 2_000 });
    expect(parts.flatMap((part) => part.data)).toEqual(data);
  });

  it("goes without its data, and says so, when it can't be made small enough", () => {
    const [payload] = rendered("presence.update", { text: "ü".repeat(600_000) });
    expect(payload).toMatchObject({ id: "1", data: null, omitted: "too-large" });
    let unfolding: object = {};
    for (let n = 0; n < 40; n += 1) unfolding = { a: unfolding, b: unfolding };
    expect(rendered("presence.update", unfolding)[0]).toMatchObject({ data: null, omitted: "too-large" });
  });

  it("keeps the bound also where that is smaller than a part", () => {
    const [payload] = rendered("presence.update", { text: "x".repeat(5_000) }, { maxPayloadBytes: 1_000 });
    expect(payload).toMatchObject({ data: null, omitted: "too-large" });
  });

  it("goes without its data, and says so, when the data throws as it is read", () => {
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(rendered("chats.update", [trap])).toMatchObject([{ data: null, omitted: "unreadable" }]);
  });
});
