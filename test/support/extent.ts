/**
 * How much of a long table or of many rounds a run takes. `npm test` takes a sample of the longest, so that it can be run often; with
 * `ZPWOOT_TESTS=whole`, as in CI, it takes all. No test is left out of either.
 */
const whole = process.env["ZPWOOT_TESTS"] === "whole";

/** Returns `sample`, or `all` in a whole run. */
export function extent<T>(sample: T, all: T): T {
  return whole ? all : sample;
}
