/** The disconnect table (docs/protocol.md#disconnects), row by row: on the wire, through to status, event and detail. */
import { describe, expect, it } from "vitest";
import type { DisconnectInput, FaultRule } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

/** Rows after which an open session is back by itself: what it says while it waits. */
const BACK: readonly (readonly [string, DisconnectInput, { reason: string; code?: number }])[] = [
  ["conflict type=replaced, the first time", { streamError: 440 }, { reason: "replaced", code: 440 }],
  ["stream:error 503", { streamError: 503 }, { reason: "network", code: 503 }],
  ["failure 503", { failure: { reason: 503 } }, { reason: "network", code: 503 }],
  ["stream:error 500", { streamError: 500 }, { reason: "bad-session", code: 500 }],
  [
    "stream:error xml-not-well-formed",
    { streamError: { child: "xml-not-well-formed" } },
    { reason: "network" },
  ],
  ["stream:error ack", { streamError: { child: "ack" } }, { reason: "network" }],
  ["an empty stream:error", { streamError: {} }, { reason: "network" }],
  ["a failure without reason", { failure: {} }, { reason: "network" }],
  ["xmlstreamend", { how: "close" }, { reason: "network", code: 428 }],
  ["WebSocket close 1000", { closeCode: 1000 }, { reason: "network", code: 428 }],
  ["WebSocket close 1011", { closeCode: 1011 }, { reason: "network", code: 428 }],
  ["TCP FIN", { how: "fin" }, { reason: "network", code: 428 }],
  ["TCP RST", { how: "reset" }, { reason: "network" }],
  ["a frame of garbage", { how: "garbage" }, { reason: "library-error" }],
  ["a frame with an unknown word", { how: "unknown-token" }, { reason: "library-error" }],
];

/** Rows after which an open session stops until someone acts. */
const REST: readonly (readonly [string, DisconnectInput, Readonly<Record<string, unknown>>, string])[] = [
  [
    "stream:error 401 with device_removed",
    { streamError: 401 },
    { state: "loggedOut", reason: "device-removed" },
    "session.logged-out",
  ],
  [
    "conflict device_removed without a code",
    { streamError: { child: "conflict", type: "device_removed" } },
    { state: "loggedOut", reason: "device-removed" },
    "session.logged-out",
  ],
  [
    "failure 403",
    { failure: { reason: 403 } },
    { state: "restricted", reason: "locked", code: 403 },
    "session.action-required",
  ],
  [
    "failure 406",
    { failure: { reason: 406 } },
    { state: "restricted", reason: "banned", code: 406 },
    "session.action-required",
  ],
  [
    "failure 402 with an end",
    { failure: { reason: 402, code: 101, expire: 3600 } },
    { state: "restricted", reason: "temporary-ban", code: 402, until: expect.any(String) },
    "session.action-required",
  ],
  [
    "failure 409",
    { failure: { reason: 409 } },
    { state: "failed", reason: "client-refused", code: 409 },
    "session.status",
  ],
  [
    "downgrade_webclient",
    { how: "downgrade" },
    { state: "failed", reason: "multi-device-mismatch", code: 411 },
    "session.status",
  ],
];

/** The library's own deadline for the handshake is as long as ours: either may be the first. */
const HUNG = expect.stringMatching(/^(hung|network)$/) as string;

/** Rows of a connection in the making, for a linked session. */
const MAKING: readonly (readonly [string, FaultRule, { reason: string; code?: number }])[] = [
  ["no serverHello", { at: "client-hello", action: "silence" }, { reason: HUNG, code: 408 }],
  [
    "HTTP 503 on the upgrade",
    { at: "upgrade", action: { httpStatus: 503 } },
    { reason: "network", code: 503 },
  ],
  [
    "HTTP 429 on the upgrade",
    { at: "upgrade", action: { httpStatus: 429 } },
    { reason: "network", code: 429 },
  ],
  [
    "HTTP 302 on the upgrade",
    { at: "upgrade", action: { httpStatus: 302 } },
    { reason: "network", code: 302 },
  ],
  ["an upgrade that is never answered", { at: "upgrade", action: "silence" }, { reason: HUNG }],
  ["no answer to the login", { at: "login", action: "silence" }, { reason: "hung", code: 408 }],
  [
    "no answer to a start-up query",
    { at: "query", query: { child: "active" }, action: "drop" },
    { reason: "hung", code: 408 },
  ],
];

const credentials = (world: EngineWorld): string[] =>
  [...world.map.keys()].filter((key) => /^wa\/[^/]+\/creds\//.test(key));

const waits = (world: EngineWorld) =>
  world
    .all("session.status")
    .filter(({ detail }) => detail.state === "waiting")
    .map(({ detail }) => ({ reason: detail.reason, code: detail.code }));

describe.each(LIBRARIES)("the disconnect table, with $name:", ({ name, open }) => {
  it.each(BACK)("%s: an open session waits, and is back without a QR code", async (_row, how, cause) => {
    await using world = await open();
    const { id, phone } = await world.linked();
    world.heard.length = 0;
    const back = world.next("session.status", ({ from, to }) => from === "connecting" && to === "connected");
    world.emulator.disconnect(phone.jid, how);
    await back;
    expect(waits(world)).toMatchObject([cause]);
    expect(world.all("session.status").map(({ to }) => to)).not.toContain("disconnected");
    expect(await world.manager.getStatus(id)).toMatchObject({
      status: "connected",
      detail: { state: "open" },
    });
    expect([...world.all("session.qr"), ...world.all("session.logged-out")]).toEqual([]);
  });

  it.each(REST)("%s: an open session rests, and says why", async (_row, how, detail, event) => {
    await using world = await open();
    const { id, phone } = await world.linked();
    world.heard.length = 0;
    world.emulator.disconnect(phone.jid, how);
    expect(await world.state(id, String(detail["state"]))).toEqual(detail);
    expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected", detail });
    await expect.poll(() => world.heard.map((heard) => heard.name)).toContain(event);
    const loggedOut = detail["state"] === "loggedOut";
    if (loggedOut) await expect.poll(() => credentials(world)).toEqual([]);
    else expect(credentials(world)).not.toEqual([]);
  });

  it.each(MAKING)(
    "%s: a session that connects waits, and is there the next time",
    async (_row, rule, cause) => {
      await using world = await open({ whatsapp: { connectTimeoutMs: 700, loginTimeoutMs: 700 } });
      const { id } = await world.linked();
      await world.manager.disconnect(id);
      world.heard.length = 0;
      world.emulator.faults.add(rule);
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 8_000 });
      expect(waits(world)[0]).toMatchObject(cause);
      expect(credentials(world)).not.toEqual([]);
    },
  );

  it.each([["corrupt"], ["wrong-certificate"]] as const)(
    "a server hello that is %s is not believed",
    async (action) => {
      await using world = await open();
      const { id } = await world.linked();
      await world.manager.disconnect(id);
      world.heard.length = 0;
      world.emulator.faults.add({ at: "client-hello", action });
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 8_000 });
      expect(waits(world)).toHaveLength(1);
    },
  );

  it.concurrent("silence: found by the keep-alive, and the session is back", async () => {
    await using world = await open({ whatsapp: { keepAliveIntervalMs: 200 } });
    const { phone } = await world.linked();
    world.heard.length = 0;
    const back = world.next("session.status", ({ to }) => to === "connected", 12_000);
    world.emulator.disconnect(phone.jid, { how: "silence" });
    await back;
    expect(waits(world)).toMatchObject([{ reason: "network", code: 408 }]);
  });

  it.concurrent(
    "QR references used up: rests as link-timeout, and the next connect starts clean",
    async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 60 } });
      const { id } = await world.connecting();
      expect(await world.state(id, "idle")).toEqual({ state: "idle", reason: "link-timeout" });
      expect(world.all("session.qr").map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect((await world.manager.getStatus(id)).status).toBe("disconnected");
      world.heard.length = 0;
      await world.manager.connect(id);
      expect(await world.qr(id)).toMatch(/^2@/);
    },
  );

  it.concurrent.each([
    ["a port without a listener", "ws://127.0.0.1:9/ws/chat"],
    ["a name that does not exist", "ws://nobody.invalid/ws/chat"],
  ])("%s: waits as for any lost network", async (_row, url) => {
    await using world = await open({ whatsapp: { url } });
    const id = await world.created();
    await world.manager.connect(id);
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "network", code: 408 });
  });

  it("wrong ADV HMAC: the link is refused, and started again with fresh credentials", async () => {
    await using world = await open();
    const { id, qr } = await world.connecting();
    world.emulator.behaviour.wrongHmac = true;
    const phone = world.phone();
    await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
    world.emulator.behaviour.wrongHmac = false;
    const again = await world.qr(id, qr);
    expect(again.split(",")[3]).not.toBe(qr.split(",")[3]);
    expect(waits(world)).toMatchObject([{ reason: "bad-account-signature", code: 500 }]);
    await phone.scan(again);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("history before its key: the link is kept, although whaileys by itself would log out", async () => {
    await using world = await open({ whatsapp: { syncHistory: true } });
    const { id, phone } = await world.linked();
    const received = world.emulator.waitFor("receipt", ({ from }) => from === phone.companions[0]?.jid);
    phone.sendHistory();
    await received;
    const friend = world.phone();
    const come = world.next("messages.upsert", ({ data }) => JSON.stringify(data).includes("still here"));
    phone.shareAppStateKey();
    if (name === "whaileys") friend.sendText(phone, "still here");
    else {
      // Baileys 7 holds messages back until it has the first history.
      phone.sendHistory();
      friend.sendText(phone, "still here");
    }
    await come;
    expect(phone.companions).toHaveLength(1);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
    expect(world.all("session.logged-out")).toEqual([]);
  });

  it("own logout: acknowledged, and reported as such", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
    expect(await world.manager.getStatus(id)).toMatchObject({
      status: "disconnected",
      detail: { state: "loggedOut", reason: "logout" },
    });
    expect(phone.companions).toEqual([]);
  });

  it("own logout whose acknowledgement is lost: unconfirmed, and the credentials are gone all the same", async () => {
    await using world = await open();
    const { id } = await world.linked();
    world.emulator.faults.add({ at: "query", query: { child: "remove-companion-device" }, action: "drop" });
    expect(await world.manager.logout(id)).toEqual({ unlinked: "unconfirmed" });
    expect(credentials(world)).toEqual([]);
  });
});
