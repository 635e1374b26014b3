/** `zpwoot emulator --server`: phones scan the sessions of a server that runs elsewhere, by their names. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { emulatorCommand, runEmulatorCommand } from "../../src/cli/emulator.js";
import { createHttpHandler } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";

describe("zpwoot emulator with a server", () => {
  it("lists the sessions that wait, and scans the one that is picked", async () => {
    await using world = await EngineWorld.open();
    const { node } = createHttpHandler(world.manager, { apiKeys: "k" });
    const server = createServer((request, response) => void node(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const controller = new AbortController();
    let found: (origin: string) => void = () => undefined;
    const origin = new Promise<string>((resolve) => (found = resolve));
    const command = runEmulatorCommand({
      port: 0,
      host: "127.0.0.1",
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      apiKey: "k",
      signal: controller.signal,
      print: (line) => {
        const url = /^Its phones, to operate by hand: (\S+)\/$/u.exec(line)?.[1];
        if (url !== undefined) found(url);
      },
    });
    await world.created("idle");
    const { id } = await world.connecting("waiting");
    const answer = await fetch(`${await origin}/admin/sessions`);
    const { sessions } = (await answer.json()) as { sessions: { name: string; qr?: string }[] };
    expect(sessions.map(({ name, qr }) => [name, qr !== undefined])).toEqual([
      ["waiting", true],
      ["idle", false],
    ]);
    const page = await fetch(`${await origin}/`);
    expect(await page.text()).toContain('"sessions":true');
    // The code is one of another emulator, which its own refuses in a sentence: it was fetched, and scanned.
    const scan = { method: "POST", body: JSON.stringify({ session: id }) };
    const scanned = await fetch(`${await origin}/admin/phones/5511999990001/scan`, scan);
    expect(scanned.status).toBe(400);
    expect(await scanned.text()).toMatch(/QR code|reference/u);
    controller.abort();
    await command;
    server.close();
    server.closeAllConnections();
  });

  it("refuses a server that is no URL", async () => {
    const context = { print: () => undefined, signal: AbortSignal.abort() };
    await expect(emulatorCommand(["--server", "localhost"], context)).rejects.toThrow(
      /--server must be the URL/u,
    );
  });
});
