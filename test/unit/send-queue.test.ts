/** When the queue of a session sends its next message. */
import { expect, it } from "vitest";
import type { Line } from "../../src/messages/line.js";
import type { MessageLog } from "../../src/messages/message-log.js";
import type { MessageRecord } from "../../src/messages/message-record.js";
import { Pace } from "../../src/messages/pace.js";
import { SendQueue } from "../../src/messages/send-queue.js";
import { ZpwootError } from "../../src/errors.js";

const HOUR_MS = 3_600_000;

/** A queue of one message whose last one was sent at some time, at six a minute; it notes how long it waits. */
async function waitsOf({ last, failure }: { readonly last: number; readonly failure?: ZpwootError }) {
  const clock = { now: 10 * HOUR_MS, steady: 1_000 };
  const waits: number[] = [];
  const record = { id: "A", queued: { expiresAt: Infinity } } as MessageRecord;
  let failures = failure === undefined ? 0 : 1;
  let left = 1;
  const ending = new AbortController();
  const done = new Promise<void>((resolve) => {
    const queue = new SendQueue({
      log: {
        queued: () => (left > 0 ? [record] : []),
        sentBefore: () => ({ last, toChat: true }),
      } as unknown as MessageLog,
      line: { open: { lost: new AbortController().signal } } as unknown as Line,
      pace: new Pace({ perMinute: 6, jitter: 0, firstContact: 1 }, () => 0.5),
      send: async () => {
        failures -= 1;
        if (failures >= 0) throw failure as ZpwootError;
        left -= 1;
        resolve();
      },
      fail: () => {},
      now: () => clock.now,
      steadyNow: () => clock.steady,
      sleep: async (ms) => {
        waits.push(ms);
        clock.steady += ms;
        clock.now += ms;
      },
      signal: ending.signal,
    });
    queue.wake();
  });
  await done;
  ending.abort();
  return waits;
}

it("the next message waits for what is left of the pause after the last one", async () => {
  expect(await waitsOf({ last: 10 * HOUR_MS - 4_000 })).toEqual([6_000]);
  expect(await waitsOf({ last: 10 * HOUR_MS - 20_000 })).toEqual([]);
});

it("a clock that was set back by an hour makes it wait for one pause, not for the hour", async () => {
  expect(await waitsOf({ last: 11 * HOUR_MS })).toEqual([10_000]);
});

it("it pauses after WhatsApp said that the account is too fast, by a clock that nobody sets", async () => {
  const failure = new ZpwootError("RATE_LIMITED", "too fast");
  expect(await waitsOf({ last: 9 * HOUR_MS, failure })).toEqual([60_000]);
});
