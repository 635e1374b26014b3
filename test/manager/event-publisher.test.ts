/** Who gets an event, and that it is rendered once for all of them. No receiver: what is queued for a webhook is read from the store. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { NamedWhatsAppEvent } from "../../src/api/events.js";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import { SILENT } from "../../src/api/logger.js";
import type { SessionRecord, WebhookConfig } from "../../src/api/session-record.js";
import { EventHub } from "../../src/events/event-hub.js";
import { EventPublisher } from "../../src/manager/event-publisher.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { openStore } from "../../src/store/open-store.js";
import { familySpace } from "../../src/store/space/key-space.js";

const SUBSCRIBED: WebhookConfig = {
  // Nobody listens there: what is queued stays queued.
  url: "http://127.0.0.1:1/hook",
  events: ["chats.update"],
  enabled: true,
  secret: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

function recordOf(webhook: WebhookConfig | null): SessionRecord {
  const times = { createdAt: "", updatedAt: "" };
  const status = { desired: "offline", status: "disconnected", phoneNumber: null } as const;
  return { version: 1, id: "s", name: "sales", ...status, webhook, proxy: null, ...times };
}

/** A publisher with one session, which may have a webhook. */
function publishing(options: SessionManagerOptions, webhook: WebhookConfig | null) {
  const store = openStore(new Map());
  const hub = new EventHub(SILENT);
  const session = {
    record: recordOf(webhook),
    patch: async (change: Partial<SessionRecord>) => {
      session.record = { ...session.record, ...change };
    },
  };
  const publisher = new EventPublisher({
    options: { webhooks: { allowPrivateTargets: true }, ...options },
    store,
    hub,
    logger: SILENT,
    session: (id) => (id === "s" ? session : undefined),
  });
  onTestFinished(async () => {
    await publisher.stop(0);
    await store.close();
  });
  const queued = async (): Promise<unknown> => {
    await expect.poll(() => publisher.stats().webhooks.queued).toBe(1);
    const space = familySpace(store, "s", "webhook");
    return ((await space.readEach(["q.0"])).get("q.0")?.value as { readonly body: string }).body;
  };
  return { publisher, hub, session, queued };
}

/** An event whose payload counts how often it is read. */
function counted(id = "chat") {
  let reads = 0;
  const chat = {
    get id() {
      reads += 1;
      return id;
    },
  };
  const event: NamedWhatsAppEvent<"chats.update"> = { name: "chats.update", data: [chat] };
  return { event, reads: () => reads };
}

async function logged(publisher: EventPublisher, count: number): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  const reading = publisher.events({ after: `msg_${"0".repeat(32)}` });
  for await (const event of reading) {
    if (!("gap" in event)) events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("an event of the library", () => {
  it("is rendered once, for the log and for the webhook", async () => {
    const { publisher, queued } = publishing({}, SUBSCRIBED);
    const { event, reads } = counted();
    void publisher.emitWhatsApp("s", event);
    const body = await queued();
    expect(await logged(publisher, 1)).toMatchObject([{ event: "chats.update", sessionId: "s", body }]);
    expect(reads()).toBe(1);
  });

  it("is rendered for the log alone when no webhook wants it: the webhooks have nothing to do with it", async () => {
    for (const webhook of [null, { ...SUBSCRIBED, enabled: false }, { ...SUBSCRIBED, events: [] }]) {
      const { publisher } = publishing({}, webhook);
      void publisher.emitWhatsApp("s", counted().event);
      expect(await logged(publisher, 1)).toHaveLength(1);
      expect(publisher.stats().webhooks.endpoints).toBe(0);
    }
  });

  it("is not rendered when the log is off and no webhook wants it, and reaches listeners all the same", () => {
    const { publisher, hub } = publishing({ eventLog: false }, null);
    const heard: unknown[] = [];
    hub.on("chats.update", (event) => heard.push(event));
    const { event, reads } = counted();
    void publisher.emitWhatsApp("s", event);
    expect(reads()).toBe(0);
    expect(heard).toEqual([{ sessionId: "s", data: event.data }]);
  });

  it("is rendered for the webhook alone when the log is off", async () => {
    const { publisher, queued } = publishing({ eventLog: false }, SUBSCRIBED);
    void publisher.emitWhatsApp("s", counted().event);
    expect(JSON.parse(String(await queued()))).toMatchObject({
      event: "chats.update",
      data: [{ id: "chat" }],
    });
  });

  it("of a session that does not exist, or is being deleted, is neither kept nor queued", async () => {
    const { publisher } = publishing({}, SUBSCRIBED);
    void publisher.emitWhatsApp("unknown", counted().event);
    const forgotten = publisher.forget("s");
    void publisher.emitWhatsApp("s", counted().event);
    await forgotten;
    expect(publisher.stats()).toMatchObject({ webhooks: { queued: 0 }, eventLog: { events: 0 } });
  });
});

describe("an event of the engine", () => {
  it("is kept with the same fields as the others, if it is one for the log", async () => {
    const { publisher } = publishing({}, null);
    publisher.emit("session.qr", { sessionId: "s", value: "a secret", seq: 1, expiresAt: "" });
    publisher.emit("session.created", { sessionId: "s", name: "sales" });
    publisher.emit("session.deleted", { sessionId: "gone" });
    const bodies = (await logged(publisher, 2)).map((one) => ("gap" in one ? "" : one.body));
    expect(bodies.join()).not.toContain("a secret");
    expect(bodies.map((body) => JSON.parse(body) as object)).toMatchObject([
      { event: "session.created", sessionId: "s", sessionName: "sales", data: { name: "sales" } },
      { event: "session.deleted", sessionId: "gone", sessionName: null, data: {} },
    ]);
    expect(bodies.map((body) => Object.keys(JSON.parse(body) as object))).toEqual(
      Array(2).fill(["id", "event", "sessionId", "sessionName", "timestamp", "data"]),
    );
  });

  it("that a webhook causes is kept too", async () => {
    const { publisher } = publishing({ webhooks: { maxQueued: 1 } }, SUBSCRIBED);
    for (const id of ["first", "refused"]) void publisher.emitWhatsApp("s", counted(id).event);
    const events = await logged(publisher, 3);
    expect(events.at(-1)).toMatchObject({ event: "session.action-required", sessionId: "s" });
  });
});
