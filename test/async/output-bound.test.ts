import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { OutputBound } from "../../src/async/output-bound.js";
import { lineLogger } from "../../src/manager/default-logger.js";

/** A stream whose reader has stalled, until it is read. */
class Stalled extends Writable {
  text = "";
  #read = (): void => {};
  #isRead = false;

  constructor() {
    super({ highWaterMark: 100 });
  }

  read(): void {
    this.#isRead = true;
    this.#read();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.#isRead) done();
    else this.#read = done;
  }
}

describe("output to a reader that stalls", () => {
  it("waits up to a bound; what is dropped is counted, and reported once when the reader is back", async () => {
    const stream = new Stalled();
    const reports: number[] = [];
    const bound = new OutputBound(stream, (dropped) => void reports.push(dropped), 1_000);
    const line = "x".repeat(99);
    for (let count = 0; count < 100; count += 1) if (bound.takes()) stream.write(`${line}\n`);
    expect(stream.writableLength).toBeLessThanOrEqual(1_100);
    expect(reports).toEqual([]);
    stream.read();
    await expect.poll(() => reports).toEqual([89]);
    expect(bound.takes()).toBe(true);
  });

  it("costs the default logger lines and not the memory of its host", async () => {
    const stream = new Stalled();
    const logger = lineLogger(stream);
    for (let count = 0; count < 5_000; count += 1) logger.error({ count }, "x".repeat(1_000));
    expect(stream.writableLength).toBeLessThan(1_100_000);
    stream.read();
    await expect.poll(() => stream.text).toMatch(/WARN log lines were lost: .* lines=\d{4}\n$/);
    expect(stream.text.match(/were lost/g)).toHaveLength(1);
  });
});
