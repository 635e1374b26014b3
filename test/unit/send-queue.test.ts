/** When the queue of a session sends its next message. */
import { expect, it } from "vitest";
import type { Line } from "../../src/messages/line.js";
import type { MessageLog } from "../../src/messages/message-log.js";
import type { MessageRecord } from "../../src/messages/message-record.js";
import { Pace } from "../../src/messages/pace.js";
import { SendQueue } from "../../src/messages/send-queue.js";
import { ZpwootError } from "../../src/errors.js";

const HOUR_MS = 3_600_000;

/** A queue of a message whose sending always fails, and another: gives how often the first was tried, and why it was given up. */
async function givenUp(failure: ZpwootError) {
  const records = ["slow", "behind it"].map(
    (id) => ({ id, queued: { expiresAt: Infinity } }) as MessageRecord,
  );
  const tries: string[] = [];
  const failed: (readonly [string, ZpwootError])[] = [];
  let steady = 0;
  const drop = ({ id }: MessageRecord): void => {
    records.splice(
      records.findIndex((one) => one.id === id),
      1,
    );
  };
  const ending = new AbortController();
  await new Promise<void>((resolve) => {
    const queue = new SendQueue({
      log: { queued: () => [...records], sentBefore: () => ({ toChat: true }) } as unknown as MessageLog,
      line: { open: { lost: new AbortController().signal } } as unknown as Line,
      pace: new Pace({ perMinute: Infinity, jitter: 0, firstContact: 1 }, () => 0.5),
      send: async (record) => {
        tries.push(record.id);
        if (record.id === "slow") throw failure;
        drop(record);
        resolve();
      },
      fail: (record, error) => {
        failed.push([record.id, error]);
        drop(record);
      },
      now: () => 0,
      steadyNow: () => steady,
      sleep: async (ms) => void (steady += ms),
      signal: ending.signal,
    });
    queue.wake();
  });
  ending.abort();
  return { tries, failed };
}

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

it("a file that is too slow is tried five times, and holds up what is behind it no longer", async () => {
  const cause = new ZpwootError("TIMEOUT", "no byte for 20 s");
  const slow = new ZpwootError("MEDIA_FAILED", "The file was too slow", { cause });
  const { tries, failed } = await givenUp(slow);
  expect(tries).toEqual([...Array.from({ length: 5 }, () => "slow"), "behind it"]);
  expect(failed).toEqual([["slow", slow]]);
});

it("a file that can't be had is tried once", async () => {
  const gone = new ZpwootError("MEDIA_FAILED", "The file is gone");
  const { tries, failed } = await givenUp(gone);
  expect(tries).toEqual(["slow", "behind it"]);
  expect(failed).toEqual([["slow", gone]]);
});
