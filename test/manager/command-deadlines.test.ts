/** Every command of the SDK settles in time, whatever its surroundings do. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionManager } from "../../src/manager/session-manager.js";

afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => {});
const MINUTE_MS = 60_000;

/** A store that answers until it is told to be silent. */
class SilentMap extends Map<string, unknown> {
  silent = false;

  override get(key: string): unknown {
    return this.silent ? never : super.get(key);
  }

  override set(key: string, value: unknown): this {
    return this.silent ? (never as unknown as this) : super.set(key, value);
  }

  override delete(key: string): boolean {
    return this.silent ? (never as unknown as boolean) : super.delete(key);
  }
}

/** Two sessions of a manager; the library of its sockets never loads. */
async function open() {
  const store = new SilentMap();
  const manager = new SessionManager({
    store,
    logger: false,
    whatsapp: { socketFactory: () => never, connectTimeoutMs: 5_000, unlinkTimeoutMs: 5_000 },
  });
  const { id } = await manager.create({ name: "a" });
  return { manager, store, id };
}

type Command = (manager: SessionManager, id: string) => Promise<unknown>;

const COMMANDS: readonly (readonly [string, Command])[] = [
  ["create", (manager) => manager.create({ name: "b" })],
  ["update", (manager, id) => manager.update(id, { proxy: { host: "proxy.example.com", port: 1 } })],
  ["list", (manager) => manager.list()],
  ["getStatus", (manager, id) => manager.getStatus(id)],
  ["connect", (manager, id) => manager.connect(id)],
  ["restart", (manager, id) => manager.restart(id)],
  ["pair", (manager, id) => manager.pair(id, "+5511999990000")],
  ["disconnect", (manager, id) => manager.disconnect(id)],
  ["logout", (manager, id) => manager.logout(id)],
  ["delete", (manager, id) => manager.delete(id)],
  ["socket", (manager, id) => manager.socket(id)],
  ["listFailedDeliveries", (manager, id) => manager.listFailedDeliveries(id)],
  ["redeliver", (manager, id) => manager.redeliver(id, "1")],
  ["countKeys", (manager, id) => manager.countKeys(id)],
];

/** Whether the promise settles while the clock that the tests turn goes on so far. */
async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const state = { settled: false };
  const settle = (): void => void (state.settled = true);
  promise.then(settle, settle);
  for (let passed = 0; passed < ms && !state.settled; passed += 500) {
    await vi.advanceTimersByTimeAsync(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return state.settled;
}

const FAKE = { toFake: ["setTimeout", "clearTimeout", "performance"] as const };

describe.each(COMMANDS)("%s settles within a minute and the times of its options", (_name, command) => {
  it("while the library never loads", async () => {
    const { manager, id } = await open();
    vi.useFakeTimers({ toFake: [...FAKE.toFake] });
    manager.connect(id).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await settlesWithin(MINUTE_MS + 5_500, command(manager, id))).toBe(true);
  });

  it("while the store says nothing", async () => {
    const { manager, store, id } = await open();
    vi.useFakeTimers({ toFake: [...FAKE.toFake] });
    store.silent = true;
    expect(await settlesWithin(MINUTE_MS + 5_500, command(manager, id))).toBe(true);
  });
});

describe("a command that is not finished in time", () => {
  it("rejects with TIMEOUT, and goes on", async () => {
    const { manager, id } = await open();
    vi.useFakeTimers({ toFake: [...FAKE.toFake] });
    const connecting = manager.connect(id);
    const rejected = expect(connecting).rejects.toMatchObject({
      code: "TIMEOUT",
      message: "connect did not finish within 60 s. It goes on: see the status of the session",
    });
    await settlesWithin(MINUTE_MS + 500, connecting);
    await rejected;
    expect(await manager.getStatus(id)).toMatchObject({
      status: "connecting",
      detail: { state: "connecting", attempt: 1 },
    });
  });
});
