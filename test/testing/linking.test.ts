import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { WhaileysClient } from "./whaileys-client.js";

describe("linking an unmodified whaileys by QR code", () => {
  let emulator: WhatsAppEmulator;
  const clients: WhaileysClient[] = [];

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.end();
    await emulator.stop();
  });

  function client(): WhaileysClient {
    const created = new WhaileysClient(emulator);
    clients.push(created);
    return created;
  }

  it("links, restarts, logs in and stays open without a violation or an unknown query", async () => {
    const phone = emulator.addPhone({ phoneNumber: "+55 11 99999-0001", name: "Ana" });
    const linked = emulator.waitFor("linked");
    const active = emulator.waitFor("active");
    const companion = await client().link(phone.phoneNumber);

    expect((await linked).jid).toBe("5511999990001:1@s.whatsapp.net");
    await active;
    expect(companion.creds.me).toMatchObject({
      id: "5511999990001:1@s.whatsapp.net",
      lid: phone.lid.replace("@", ":1@"),
    });
    expect(phone.companions).toMatchObject([
      { device: 1, online: true, active: true, preKeyCount: 30, platform: "Windows" },
    ]);
    await companion.socket.query({
      tag: "iq",
      attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "w:p" },
      content: [{ tag: "ping", attrs: {} }],
    });
    expect(emulator.violations).toEqual([]);
    expect(emulator.unknownQueries).toEqual([]);
  });
});
