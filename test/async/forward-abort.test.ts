import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { withAnyOf } from "../../src/async/forward-abort.js";

const controllers = () => [new AbortController(), new AbortController()] as const;

it("work ends with the first of its signals, with its reason", async () => {
  const [one, other] = controllers();
  const ended = withAnyOf(
    [one.signal, undefined, other.signal],
    (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason))),
  );
  other.abort("the connection is lost");
  one.abort("too late");
  expect(await ended).toBe("the connection is lost");
});

it("a signal that is aborted already ends it at once", async () => {
  const [one, other] = controllers();
  one.abort("over");
  expect(await withAnyOf([one.signal, other.signal], async (signal) => signal.reason as string)).toBe("over");
});

it("nothing is left on the signals, however the work ends", async () => {
  const [one, other] = controllers();
  await withAnyOf([one.signal, other.signal], async () => {});
  const failing = withAnyOf([one.signal, other.signal], () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  for (const { signal } of [one, other]) expect(getEventListeners(signal, "abort")).toEqual([]);
});
