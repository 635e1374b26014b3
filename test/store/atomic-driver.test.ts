import { describe, expect, it, vi } from "vitest";
import { AtomicDriver } from "../../src/store/drivers/atomic-driver.js";
import { MemoryAdapter } from "../../src/store/drivers/memory-adapter.js";

function slowToConnect() {
  const finish: ((error?: Error) => void)[] = [];
  const disconnect = vi.fn(async () => undefined);
  const connect = vi.fn(
    () =>
      new Promise<MemoryAdapter & { disconnect(): Promise<void> }>((resolve, reject) => {
        finish.push((error) =>
          error === undefined ? resolve(Object.assign(new MemoryAdapter(), { disconnect })) : reject(error),
        );
      }),
  );
  const driver = new AtomicDriver({
    description: "slow:",
    batching: { coalesce: false, inFlight: 1 },
    connect,
    onError: () => undefined,
  });
  return { driver, connect, disconnect, finish };
}

describe("a driver that is slow to connect", () => {
  it("connects once, however many callers wait for it", async () => {
    const { driver, connect, finish } = slowToConnect();
    const opened = Promise.all([driver.open(), driver.open()]);
    finish[0]?.();
    await opened;
    await driver.open();
    expect(connect).toHaveBeenCalledTimes(1);
    await driver.close();
  });

  it("leaves no connection behind when it is closed before it has connected", async () => {
    const { driver, disconnect, finish } = slowToConnect();
    const opened = driver.open();
    const closed = driver.close();
    finish[0]?.();
    await Promise.all([opened, closed]);
    expect(disconnect).toHaveBeenCalledTimes(1);
  });

  it("connects again after it failed", async () => {
    const { driver, connect, finish } = slowToConnect();
    const failed = driver.open();
    finish[0]?.(new Error("refused"));
    await expect(failed).rejects.toThrow("refused");
    const opened = driver.open();
    finish[1]?.();
    await opened;
    expect(connect).toHaveBeenCalledTimes(2);
  });
});
