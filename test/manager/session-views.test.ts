import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/api/session-record.js";
import { present, type ViewedSession } from "../../src/manager/session-views.js";
import { statusOf, type SessionState } from "../../src/session/state.js";

const RECORD: SessionRecord = {
  version: 1,
  id: "id-1",
  name: "support",
  desired: "online",
  status: "disconnected",
  phoneNumber: "+5511999990001",
  webhook: {
    url: "https://example.com/hook",
    events: ["messages.upsert"],
    enabled: true,
    secret: "whsec_one",
  },
  endpoints: {
    crm: {
      url: null,
      events: [],
      enabled: false,
      secret: "whsec_two",
      headers: { authorization: "Bearer hidden" },
    },
  },
  proxy: { host: "proxy.example.com", port: 1080, username: "user", password: "hidden" },
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-02T00:00:00.000Z",
};

const QR = { value: "ref,noise,identity,secret", seq: 2, expiresAt: Date.UTC(2026, 0, 1) };

function session(state: SessionState, change: Partial<SessionRecord> = {}): ViewedSession {
  return { record: { ...RECORD, ...change }, state, status: statusOf(state), activity: {} };
}

describe("a session as callers see it", () => {
  it("has its record, its live status and the reason for it, never what a crash left in the store", () => {
    expect(present.summary(session({ name: "open" }))).toEqual({
      id: "id-1",
      name: "support",
      status: "connected",
      phoneNumber: "+5511999990001",
      webhookUrl: "https://example.com/hook",
      webhookEvents: ["messages.upsert"],
      createdAt: "2026-01-01T00:00:00.000Z",
      updatedAt: "2026-01-02T00:00:00.000Z",
      detail: { state: "open" },
    });
  });

  it("shows endpoints and proxy without secrets, header values and passwords", () => {
    const info = present.info(session({ name: "open" }));
    expect(info.endpoints).toEqual([
      {
        name: "default",
        url: "https://example.com/hook",
        events: ["messages.upsert"],
        enabled: true,
        headers: [],
      },
      { name: "crm", url: null, events: [], enabled: false, headers: ["authorization"] },
    ]);
    expect(info.proxy).toEqual({
      protocol: "http",
      host: "proxy.example.com",
      port: 1080,
      username: "user",
      hasPassword: true,
    });
    expect(JSON.stringify(info)).not.toMatch(/whsec_|hidden/);
  });

  it("leaves out what there is not", () => {
    const bare = session({ name: "open" }, { webhook: null, endpoints: {}, proxy: null });
    const info = present.info(bare);
    expect(info).toMatchObject({ webhookUrl: null, webhookEvents: [], qrCode: null });
    expect(Object.keys(info)).not.toContain("endpoints");
    expect(Object.keys(info)).not.toContain("proxy");
  });

  it.each([[{ name: "qr", attempt: 1, qr: QR }], [{ name: "pairing", attempt: 1, qr: QR }]] as const)(
    "has a QR code while it can be scanned: %j",
    (state) => {
      expect(present.info(session(state)).qrCode).toBe(QR.value);
      expect(present.qrCode(session(state))).toEqual({
        id: "id-1",
        qrCode: QR.value,
        status: "connecting",
        seq: 2,
        expiresAt: "2026-01-01T00:00:00.000Z",
      });
    },
  );

  it.each([
    [{ name: "idle", reason: "new" }, "disconnected"],
    [{ name: "connecting", attempt: 1 }, "connecting"],
    [{ name: "pairing", attempt: 1, qr: undefined }, "connecting"],
    [{ name: "open" }, "connected"],
  ] as const)("has none in %j", (state, status) => {
    expect(present.qrCode(session(state))).toEqual({ id: "id-1", qrCode: null, status });
  });

  it("never has the QR code in its status", () => {
    const status = present.status(session({ name: "qr", attempt: 3, qr: QR }));
    expect(status).toEqual({
      id: "id-1",
      name: "support",
      status: "connecting",
      phoneNumber: "+5511999990001",
      detail: { state: "qr", attempt: 3 },
    });
  });
});
