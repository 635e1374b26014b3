/** The clock of the machine is set (an NTP step, a virtual machine that resumes): no wait may notice. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionManager } from "../../src/manager/session-manager.js";
import { isoTime, steadyNow } from "../../src/async/timer.js";

afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;

describe.each([
  ["back", -HOUR_MS],
  ["forward", HOUR_MS],
])("the clock is set %s an hour", (_name, change) => {
  const setClock = (): void => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + change);
  };

  it("while a session waits: it tries again in time, and shows when by the new clock", async () => {
    await using manager = new SessionManager({
      store: "memory:",
      logger: false,
      whatsapp: { url: "ws://127.0.0.1:1/ws" },
      reconnect: { firstDelayMs: 300, maxDelayMs: 300 },
    });
    const tries: number[] = [];
    manager.on("session.status", ({ detail }) => {
      if (detail.state === "connecting") tries.push(performance.now());
    });
    const { id } = await manager.create({ name: "waiting" });
    await manager.connect(id).catch(() => {});
    await expect.poll(async () => (await manager.getStatus(id)).detail.state).toBe("waiting");
    setClock();
    const before = tries.length;
    const settled = performance.now();
    await expect.poll(() => tries.length, { timeout: 3_000 }).toBeGreaterThan(before + 1);
    // Neither an hour late nor all at once.
    expect((tries[before] ?? 0) - settled).toBeLessThan(700);
    await expect
      .poll(async () => (await manager.getStatus(id)).detail.state, { interval: 5 })
      .toBe("waiting");
    const { detail } = await manager.getStatus(id);
    const shown = detail.state === "waiting" ? Date.parse(detail.until) : 0;
    expect(Math.abs(shown - Date.now())).toBeLessThan(2_000);
  });

  it("while a webhook is retried: it is delivered in time", async () => {
    let status = 500;
    const delivered: number[] = [];
    const receiver = createServer((request, response) => {
      request.resume();
      if (status === 200) delivered.push(performance.now());
      response.writeHead(status).end();
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    await using manager = new SessionManager({
      store: "memory:",
      logger: false,
      whatsapp: { url: "ws://127.0.0.1:1/ws" },
      webhooks: { allowPrivateTargets: true, retryBaseMs: 400, retryCapMs: 400 },
    });
    const { id } = await manager.create({
      name: "hooked",
      webhookUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      webhookEvents: ["connection.update"],
    });
    await manager.connect(id).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    setClock();
    status = 200;
    await expect.poll(() => delivered.length, { timeout: 3_000 }).toBeGreaterThan(0);
    receiver.closeAllConnections();
    receiver.close();
  });

  it("a time of the steady clock is shown as the wall will show it", () => {
    setClock();
    expect(Math.abs(Date.parse(isoTime(steadyNow() + 60_000)) - Date.now() - 60_000)).toBeLessThan(1_000);
  });
});
