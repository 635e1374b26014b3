/** `zpwoot serve --cluster`: several servers that share the sessions of one store. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterCommand } from "../../src/cli/cluster.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { eventually, SHARED_STORES } from "../cluster/nodes.js";
import { Child } from "../support/child.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
const HEADERS = { "content-type": "application/json", "x-api-key": "the key of this test" };

interface StoredCluster {
  readonly nodes: readonly { readonly pid: number; readonly sessions: number }[];
}

describe.each(SHARED_STORES)("zpwoot serve --cluster on $name", { timeout: 60_000 }, ({ open }) => {
  let emulator: WhatsAppEmulator;
  let place: { readonly url: string; dispose(): Promise<void> };
  const children: Child[] = [];
  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
    place = await open();
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.end("SIGKILL")));
    await emulator.stop();
    await place.dispose();
  });

  const serve = async (): Promise<{ readonly child: Child; readonly url: string }> => {
    const child = new Child(MAIN, [
      ...["serve", "--cluster", "--port", "0", "--store", place.url, "--wa-url", emulator.url],
      ...["--api-key", HEADERS["x-api-key"]],
    ]);
    children.push(child);
    let url: string | undefined;
    await eventually(() => {
      if (child.exited) throw new Error(`the server ended:\n${child.output}`);
      url = /zpwoot listens on (\S+)/.exec(child.output)?.[1];
      return url !== undefined;
    }, "the server listens");
    await eventually(async () => (await fetch(`${url}/health/ready`)).status === 200, "the server is ready");
    return { child, url: url ?? "" };
  };
  const sessions = async (): Promise<readonly number[]> => {
    const lines: string[] = [];
    await clusterCommand(["status", "--json", "--store", place.url], (line) => lines.push(line));
    return (JSON.parse(lines.join("\n")) as StoredCluster).nodes.map((node) => node.sessions);
  };

  it("shares the sessions with the others, and hands them over at SIGTERM without a conflict", async () => {
    const first = await serve();
    const ids = await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const phone = emulator.addPhone({ phoneNumber: `551199999000${index}` });
        const call = async (method: string, path: string, body?: object) => {
          const init = { method, headers: HEADERS, ...(body && { body: JSON.stringify(body) }) };
          return (await (await fetch(`${first.url}/sessions${path}`, init)).json()) as Record<string, string>;
        };
        const { id } = await call("POST", "/create", { name: `shared ${index}` });
        await call("POST", `/${id}/connect`);
        let qrCode: string | undefined;
        await eventually(async () => {
          ({ qrCode } = await call("GET", `/${id}/qr`));
          return typeof qrCode === "string";
        }, "a QR code");
        await phone.scan(String(qrCode));
        await eventually(
          async () => (await call("GET", `/${id}/status`))["status"] === "connected",
          "linked",
        );
        return id;
      }),
    );
    const second = await serve();
    await eventually(async () => (await sessions()).join() === "2,2", "a fair share", 30_000);
    const begun = performance.now();
    expect(await first.child.end("SIGTERM")).toBe(0);
    // Not the two seconds of a process alone, and far from the time after which it is ended.
    expect(performance.now() - begun).toBeLessThan(10_000);
    await eventually(
      () => ids.every((id) => second.child.output.includes(`session ${id}: connected (open)`)),
      "all are connected at the second server",
    );
    await eventually(async () => (await sessions()).join() === "4", "all are the second server's");
    // From hand to hand, and none back.
    const given = "A session was given to another node";
    expect(first.child.output).toContain(given);
    expect(second.child.output).not.toContain(given);
    expect(first.child.output + second.child.output).not.toMatch(/conflict/);
    expect(emulator.violations).toEqual([]);
  });
});

describe("zpwoot serve --cluster", () => {
  it("ends with 2 on a store that nodes can't share, and names those that they can", async () => {
    const child = new Child(MAIN, ["serve", "--cluster", "--port", "0", "--store", "memory:"]);
    await child.ended(10_000);
    expect(child.exitCode).toBe(2);
    expect(child.output).toContain(
      `zpwoot: cluster: the store memory: can't be shared by nodes; use "postgres://…" or "redis://…"`,
    );
  });
});
