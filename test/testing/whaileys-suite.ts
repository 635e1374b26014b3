/** What every suite over an unmodified whaileys needs: an emulator per test, clients that end with it, no loose ends. */
import { afterEach, beforeEach, expect } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { WhaileysClient } from "./whaileys-client.js";

/** The emulator and the clients of the running test. */
export interface WhaileysSuite {
  readonly emulator: WhatsAppEmulator;
  client(): WhaileysClient;
}

/**
 * Registers the hooks. After each test the clients and the emulator are stopped, and the test fails if a client broke the
 * protocol or sent something the emulator does not know.
 */
export function whaileysSuite(): WhaileysSuite {
  let emulator: WhatsAppEmulator | undefined;
  const clients: WhaileysClient[] = [];
  const running = (): WhatsAppEmulator => {
    if (emulator === undefined) throw new Error("no test is running");
    return emulator;
  };

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.end();
    const { violations, unknownQueries } = running();
    const transcript = running().transcript();
    await running().stop();
    expect(violations, transcript).toEqual([]);
    expect(unknownQueries, transcript).toEqual([]);
  });

  return {
    get emulator() {
      return running();
    },
    client() {
      const created = new WhaileysClient(running());
      clients.push(created);
      return created;
    },
  };
}
