/** The clock of the machine is set (an NTP step, a virtual machine that resumes): no wait may notice. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SessionManager } from "../../src/manager/session-manager.js";
import { isoTime, steadyNow } from "../../src/async/timer.js";
import { EngineWorld } from "../support/engine.js";

/** By how much the clock on the wall differs from what it would have shown. */
let offset = 0;
const trueNow = Date.now;
// Before a manager is made: what it keeps of the clock must be what is set.
beforeEach(() => void vi.spyOn(Date, "now").mockImplementation(() => trueNow() + offset));
afterEach(() => {
  offset = 0;
  vi.restoreAllMocks();
});

const HOUR_MS = 3_600_000;

function setClock(change: number): void {
  offset = change;
}

/** How far ahead an ISO time is by the clock on the wall, in milliseconds. */
const aheadMs = (iso: string): number => Date.parse(iso) - Date.now();

/** A manager whose sessions can't connect, and wait so long in between. */
function waitingManager(delayMs: number): SessionManager {
  return new SessionManager({
    store: "memory:",
    logger: false,
    whatsapp: { url: "ws://127.0.0.1:1/ws" },
    reconnect: { firstDelayMs: delayMs, maxDelayMs: delayMs },
    webhooks: { allowPrivateTargets: true },
  });
}

async function untilWaiting(manager: SessionManager, id: string): Promise<string> {
  let until = "";
  await expect
    .poll(async () => {
      const { detail } = await manager.getStatus(id);
      until = detail.state === "waiting" ? detail.until : "";
      return until;
    })
    .not.toBe("");
  return until;
}

describe.each([
  ["back", -HOUR_MS],
  ["forward", HOUR_MS],
])("the clock is set %s an hour", (_name, change) => {
  it("while a session waits: the time of its next try is shown by the new clock", async () => {
    await using manager = waitingManager(60_000);
    const { id } = await manager.create({ name: "waiting" });
    await manager.connect(id).catch(() => {});
    await untilWaiting(manager, id);
    setClock(change);
    const shown = aheadMs(await untilWaiting(manager, id));
    expect(shown).toBeGreaterThan(30_000);
    expect(shown).toBeLessThan(80_000);
  });

  it("while an account is linked: a pairing code is valid when it is made, stays the same, and links", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.connecting();
    const phone = world.phone();
    setClock(change);
    const first = await world.manager.pair(id, `+${phone.phoneNumber}`);
    expect(aheadMs(first.expiresAt)).toBeGreaterThan(60_000);
    expect(aheadMs(first.expiresAt)).toBeLessThan(170_000);
    const { detail } = await world.manager.getStatus(id);
    expect(detail).toEqual({ state: "pairing", attempt: 1 });
    expect((await world.manager.pair(id, `+${phone.phoneNumber}`)).pairingCode).toBe(first.pairingCode);
    await phone.enterPairingCode(first.pairingCode);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("a time of the steady clock is shown as the wall will show it", () => {
    setClock(change);
    expect(Math.abs(aheadMs(isoTime(steadyNow() + 60_000)) - 60_000)).toBeLessThan(1_000);
  });
});

/** A webhook receiver that answers with a status, and when it was asked. */
async function receiver(headers: Readonly<Record<string, string>> = {}) {
  const asked: number[] = [];
  const answer = { status: 500 };
  const server = createServer((request, response) => {
    request.resume();
    asked.push(performance.now());
    response.writeHead(answer.status, headers).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { asked, answer, url, [Symbol.dispose]: close };
}

/** A session whose webhook has failed once; `touch` makes another event. */
async function failedOnce(manager: SessionManager, url: string, asked: readonly number[]) {
  const webhookEvents = ["connection.update"] as const;
  const { id } = await manager.create({ name: "hooked", webhookUrl: url, webhookEvents });
  const touch = (): Promise<void> => manager.connect(id).catch(() => {});
  await touch();
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  return { touch };
}

describe("the clock is set back an hour", () => {
  it("while a session waits: it tries again in time", async () => {
    await using manager = waitingManager(300);
    const tries: number[] = [];
    manager.on("session.status", ({ detail }) => {
      if (detail.state === "connecting") tries.push(performance.now());
    });
    const { id } = await manager.create({ name: "waiting" });
    await manager.connect(id).catch(() => {});
    await untilWaiting(manager, id);
    setClock(-HOUR_MS);
    const before = tries.length;
    await expect.poll(() => tries.length, { timeout: 3_000 }).toBeGreaterThan(before + 1);
  });

  it("while a webhook is retried: it is delivered in time", async () => {
    using hook = await receiver({ "retry-after": "1" });
    await using manager = waitingManager(60_000);
    await failedOnce(manager, hook.url, hook.asked);
    await expect.poll(() => manager.stats().webhooks.retrying).toBe(1);
    setClock(-HOUR_MS);
    hook.answer.status = 200;
    const delivered = new Promise<void>((resolve) => manager.once("webhook.delivered", () => resolve()));
    const late = new Promise((resolve) => setTimeout(resolve, 6_000, "late"));
    expect(await Promise.race([delivered, late])).not.toBe("late");
  });
});

describe("the clock is set forward an hour", () => {
  it("while a webhook waits for its next try: a further event does not make it due", async () => {
    using hook = await receiver({ "retry-after": "60" });
    await using manager = waitingManager(60_000);
    const { touch } = await failedOnce(manager, hook.url, hook.asked);
    await expect.poll(() => manager.stats().webhooks.retrying).toBe(1);
    const before = hook.asked.length;
    setClock(HOUR_MS);
    await touch();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(hook.asked.length).toBe(before);
  });
});
