import { Agent } from "node:http";
import { describe, expect, it } from "vitest";
import { agentThatReaches, type Egress } from "../../src/egress/proxy.js";
import { ZpwootError } from "../../src/errors.js";

const failing = (agent: Agent): Egress => ({
  agent,
  uploadAgent: agent,
  preflight: () => Promise.reject(new ZpwootError("PROXY_FAILED", "the session's proxy can't be reached")),
});
const working = (agent: Agent): Egress => ({
  agent,
  uploadAgent: agent,
  preflight: () => Promise.resolve(),
});

/** The way out as it is at each question, the last one from then on. */
const changing =
  (...ways: Egress[]) =>
  () =>
    (ways.length > 1 ? ways.shift() : ways[0]) as Egress;
const never = new AbortController().signal;

describe("a proxy that is replaced while an attempt starts", () => {
  const [one, two] = [new Agent(), new Agent()];

  it("does not fail the attempt: the new one is used", async () => {
    const used = agentThatReaches("wss://a/", changing(failing(one), working(two)), never);
    expect(await used).toBe(two);
  });

  it("fails it when the new one does not work either, or when it is still the same", async () => {
    const failed = { code: "PROXY_FAILED" };
    await expect(
      agentThatReaches("wss://a/", changing(failing(one), failing(two)), never),
    ).rejects.toMatchObject(failed);
    await expect(agentThatReaches("wss://a/", changing(failing(one)), never)).rejects.toMatchObject(failed);
    const aborted = AbortSignal.abort();
    await expect(
      agentThatReaches("wss://a/", changing(failing(one), working(two)), aborted),
    ).rejects.toMatchObject(failed);
  });
});
