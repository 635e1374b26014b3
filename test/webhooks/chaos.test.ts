import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runChaos } from "./chaos-run.js";

it("loses and reorders nothing when receivers fail, hang, reset and restart and the process is killed", async () => {
  const path = await mkdtemp(join(tmpdir(), "zpwoot-webhook-chaos-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const size = { store: `lmdb:${path}`, sessions: 6, events: 360, kills: 2, timeoutMs: 45_000 };
  const { durable, lost, problems, requests, repeats } = await runChaos(size);
  expect({ lost, problems }).toEqual({ lost: [], problems: [] });
  expect(durable).toBeGreaterThanOrEqual(size.events);
  expect(repeats).toBeGreaterThan(0);
  expect(requests).toBeGreaterThan(durable);
}, 60_000);
