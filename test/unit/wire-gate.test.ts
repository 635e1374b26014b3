import { Duplex } from "node:stream";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WireGate, type WireGateOptions } from "../../src/whatsapp/wire-gate.js";

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function deferred(): Deferred {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((...both) => ([resolve, reject] = both));
  return { promise, resolve: () => resolve(), reject: (error) => reject(error) };
}

/** A stream with a gate; `left` is what has left it, one entry for each write of the system. */
function gated(options: Partial<WireGateOptions> = {}) {
  const left: string[] = [];
  const take = (chunks: readonly { readonly chunk: unknown }[]): void =>
    void left.push(chunks.map(({ chunk }) => String(chunk)).join("+"));
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done: () => void) {
      take([{ chunk }]);
      done();
    },
    writev(chunks, done) {
      take(chunks);
      done();
    },
  });
  const failures: string[] = [];
  const gate = new WireGate({
    maxAgeMs: 10_000,
    ...options,
    onFailed: (error) => void failures.push(error.message),
  });
  gate.attach(stream);
  return { gate, stream, left, failures };
}

describe("the gate on the wire", () => {
  it("lets everything through while nothing is held, in one write for each turn of the event loop", async () => {
    const { stream, left } = gated();
    stream.write("a");
    queueMicrotask(() => stream.write("b"));
    expect(left).toEqual([]);
    await turn();
    expect(left).toEqual(["a+b"]);
    stream.write("c");
    await turn();
    expect(left).toEqual(["a+b", "c"]);
  });

  it("makes one write of what several holds release in one turn", async () => {
    const { gate, stream, left } = gated();
    const holds = [deferred(), deferred(), deferred()];
    for (const [n, hold] of holds.entries()) {
      gate.hold(hold.promise);
      stream.write(String(n));
    }
    for (const hold of holds) hold.resolve();
    await turn();
    expect(left).toEqual(["0+1+2"]);
  });

  it("lets a chunk leave with the holds that were there when it was written, not with later ones", async () => {
    const { gate, stream, left } = gated();
    const [first, second, third] = [deferred(), deferred(), deferred()];
    gate.hold(first.promise);
    stream.write("a");
    gate.hold(second.promise);
    stream.write("b");
    stream.write("c");
    gate.hold(third.promise);
    stream.write("d");
    expect(left).toEqual([]);
    first.resolve();
    await turn();
    expect(left).toEqual(["a"]);
    third.resolve();
    await turn();
    expect(left).toEqual(["a"]);
    second.resolve();
    await turn();
    // Everything that is released together is one write.
    expect(left).toEqual(["a", "b+c+d"]);
    stream.write("e");
    await turn();
    expect(left.at(-1)).toBe("e");
  });

  it("settles each write at once, so that nobody waits for a hold of its own", async () => {
    const { gate, stream, left } = gated();
    gate.hold(deferred().promise);
    await new Promise((resolve) => stream.write("a", resolve));
    await new Promise((resolve) => stream.write("b", "utf8", resolve));
    expect(left).toEqual([]);
    expect(gate.held).toBe(1);
  });

  it("ends the connection and drops what waits when a hold is rejected", async () => {
    const { gate, stream, left, failures } = gated();
    const [good, bad] = [deferred(), deferred()];
    gate.hold(good.promise);
    gate.hold(bad.promise);
    stream.write("a");
    bad.reject(new Error("the store is gone"));
    await turn();
    good.resolve();
    await turn();
    stream.write("b");
    expect(failures).toEqual(["the store is gone"]);
    expect(left).toEqual([]);
    await gate.drained();
  });

  it("ends the connection when something waits for too long, and opens nothing", async () => {
    const { gate, stream, left, failures } = gated({ maxAgeMs: 50 });
    const hold = deferred();
    gate.hold(hold.promise);
    stream.write("a");
    await sleep(120);
    expect(failures).toEqual(["The store did not confirm within 50 ms what waits to be sent"]);
    hold.resolve();
    await turn();
    expect(left).toEqual([]);
  });

  it("counts the age of each chunk, not of the queue", async () => {
    const { gate, stream, left, failures } = gated({ maxAgeMs: 80 });
    for (let n = 0; n < 8; n += 1) {
      const hold = deferred();
      gate.hold(hold.promise);
      stream.write(String(n));
      const next = deferred();
      gate.hold(next.promise);
      await sleep(20);
      hold.resolve();
      next.resolve();
      await turn();
    }
    expect(failures).toEqual([]);
    expect(left.join("+")).toBe("0+1+2+3+4+5+6+7");
  });

  it.each([
    ["chunks", () => "x", 20_000],
    ["bytes", () => Buffer.alloc(1024 * 1024), 16],
  ])("ends the connection when too many %s wait", async (_what, make, allowed) => {
    const { gate, stream, left, failures } = gated();
    gate.hold(deferred().promise);
    for (let n = 0; n < allowed; n += 1) stream.write(make());
    expect(failures).toEqual([]);
    stream.write(make());
    expect(failures).toHaveLength(1);
    expect(left).toEqual([]);
  });

  it("writes nothing after the peer has closed", async () => {
    const { gate, stream, left } = gated();
    const hold = deferred();
    gate.hold(hold.promise);
    stream.write("a");
    stream.end();
    hold.resolve();
    await turn();
    expect(left).toEqual([]);
  });

  it("tells when all that was written so far has left, whatever is held since", async () => {
    const { gate, stream, left } = gated();
    expect(await gate.sent()).toBe(true);
    const [first, second] = [deferred(), deferred()];
    gate.hold(first.promise);
    stream.write("a");
    const sent = gate.sent().then((hasLeft) => [hasLeft, ...left]);
    gate.hold(second.promise);
    stream.write("b");
    first.resolve();
    expect(await sent).toEqual([true, "a"]);
    const behind = gate.sent();
    second.reject(new Error("the store is gone"));
    expect(await behind).toBe(false);
    expect(await gate.sent()).toBe(false);
    expect(left).toEqual(["a"]);
  });

  it("tells that something has left when the system has taken it, and not when it waits in the stream", async () => {
    const taken: (() => void)[] = [];
    const stream = new Duplex({
      read() {},
      write: (_chunk, _encoding, done: () => void) => void taken.push(done),
    });
    const gate = new WireGate({ maxAgeMs: 10_000, onFailed: () => {} });
    gate.attach(stream);
    stream.write("a");
    let hasLeft: boolean | undefined;
    const sent = gate.sent().then((left) => (hasLeft = left));
    await turn();
    expect(hasLeft).toBeUndefined();
    // "a", and the nothing behind it.
    while (taken.length > 0) {
      taken.shift()?.();
      await turn();
    }
    expect(await sent).toBe(true);
    stream.write("b");
    const lost = gate.sent();
    stream.destroy();
    expect(await lost).toBe(false);
  });

  it("tells when it is drained, and when one hold is done", async () => {
    const { gate, stream, left } = gated();
    const [first, second] = [deferred(), deferred()];
    gate.hold(first.promise);
    gate.hold(second.promise);
    stream.write("a");
    const drained = gate.drained().then(() => left.length);
    const released = gate.released().then(() => gate.held);
    first.resolve();
    expect(await released).toBe(1);
    second.resolve();
    expect(await drained).toBe(1);
  });
});
