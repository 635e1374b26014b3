/** The reader of the command's output is there, and reads nothing: `zpwoot serve | less` that nobody scrolls. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { nodeArgs } from "../support/compiled.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
/** More than a pipe and the bound of what waits, before the command's own first line. */
const FULL = [
  "--import",
  "data:text/javascript,for(const s of [process.stdout,process.stderr])s.write('x'.repeat(2e6)+'\\n')",
];

describe("zpwoot serve with a stalled reader", { timeout: 60_000 }, () => {
  it("goes on serving and stopping, and says what was lost when it is read again", async () => {
    const port = await freePort();
    const flags = ["serve", "--port", String(port), "--store", "memory:", "--api-key", "k"];
    const start = () =>
      spawn(process.execPath, [...FULL, ...nodeArgs(MAIN), ...flags, "--log-level", "debug"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
    const stalled = start();
    try {
      await answers(port, 30);
      const ended = once(stalled, "exit");
      const begun = performance.now();
      stalled.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
      expect(performance.now() - begun).toBeLessThan(3_000);
    } finally {
      stalled.kill("SIGKILL");
    }
    const read = start();
    try {
      await answers(port, 30);
      let log = "";
      read.stdout.resume();
      read.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
      await expect.poll(() => log, { timeout: 10_000 }).toMatch(/"lines":\d+,"msg":"log lines were lost/);
      await answers(port, 1);
      await expect.poll(() => log, { timeout: 10_000 }).toMatch(/were lost.*\n.*HTTP request/);
    } finally {
      read.kill("SIGKILL");
    }
  });
});

/** Each request is a line of the log. Waits for so many that are answered. */
async function answers(port: number, count: number): Promise<void> {
  const until = performance.now() + 20_000;
  for (let answered = 0; answered < count;) {
    if (performance.now() > until) throw new Error(`only ${answered} requests were answered`);
    const response = await fetch(`http://127.0.0.1:${port}/sessions/list`, {
      headers: { "x-api-key": "k" },
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined);
    if (response?.status === 200) answered += 1;
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
