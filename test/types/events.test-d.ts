/** What listeners of a `SessionManager` are passed. */
import type { BaileysEventMap } from "whaileys";
import { expectTypeOf, test } from "vitest";
import type {
  LogoutCause,
  RequiredAction,
  SessionDetail,
  SessionEventName,
  SessionManager,
  SessionStatus,
  StoreOperation,
  WebhookEventName,
  ZpwootError,
} from "zpwoot";

declare const manager: SessionManager;

test("a WhatsApp event has the session and the library's payload", () => {
  manager.on("messages.upsert", (event) => {
    expectTypeOf(event.sessionId).toEqualTypeOf<string>();
    expectTypeOf(event.data).toEqualTypeOf<BaileysEventMap["messages.upsert"]>();
  });
  manager.on("connection.update", ({ data }) => {
    expectTypeOf(data).toEqualTypeOf<BaileysEventMap["connection.update"]>();
  });
});

test("an event of the engine has fields of its own", () => {
  manager.on("session.qr", (event) => {
    expectTypeOf(event.value).toEqualTypeOf<string>();
    expectTypeOf(event.seq).toEqualTypeOf<number>();
    expectTypeOf(event.expiresAt).toEqualTypeOf<string>();
  });
  manager.on("session.status", (event) => {
    expectTypeOf(event.from).toEqualTypeOf<SessionStatus>();
    expectTypeOf(event.to).toEqualTypeOf<SessionStatus>();
    expectTypeOf(event.detail).toEqualTypeOf<SessionDetail>();
  });
  manager.on("session.logged-out", ({ cause }) => {
    expectTypeOf(cause).toEqualTypeOf<LogoutCause>();
  });
  manager.on("session.action-required", ({ action }) => {
    expectTypeOf(action).toEqualTypeOf<RequiredAction>();
    expectTypeOf<"passkey">().toExtend<typeof action>();
    // @ts-expect-error no such action
    void (action === "unknown");
  });
  manager.on("webhook.failed", ({ event, reason }) => {
    expectTypeOf(event).toEqualTypeOf<WebhookEventName>();
    expectTypeOf(reason).toEqualTypeOf<string>();
  });
  manager.on("store.error", ({ sessionId, error }) => {
    expectTypeOf(sessionId).toEqualTypeOf<string | null>();
    expectTypeOf(error).toEqualTypeOf<ZpwootError>();
  });
  manager.on("store.operation", (event) => {
    expectTypeOf(event).toEqualTypeOf<StoreOperation>();
  });
});

test("a listener may be async", () => {
  manager.on("session.qr", async ({ value }) => {
    await Promise.resolve(value);
  });
});

test("every webhook event is an event, and an unknown name is none", () => {
  expectTypeOf<WebhookEventName>().toExtend<SessionEventName>();
  expectTypeOf<"session.unknown">().not.toExtend<SessionEventName>();
  // @ts-expect-error no such event
  manager.on("message.upsert", () => undefined);
});
