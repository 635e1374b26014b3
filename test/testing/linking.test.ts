import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { whaileysSuite } from "./whaileys-suite.js";

/** What a promise was rejected with. */
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("linking an unmodified whaileys by QR code", () => {
  const suite = whaileysSuite();

  it("links, restarts, logs in and stays open", async () => {
    const { emulator } = suite;
    const phone = emulator.addPhone({ phoneNumber: "+55 11 99999-0001", name: "Ana" });
    const linked = emulator.waitFor("linked");
    const active = emulator.waitFor("active");
    const companion = await suite.client().link(phone.phoneNumber);

    expect((await linked).jid).toBe("5511999990001:1@s.whatsapp.net");
    await active;
    expect(companion.creds.me).toMatchObject({
      id: "5511999990001:1@s.whatsapp.net",
      lid: phone.lid.replace("@", ":1@"),
    });
    expect(phone.companions).toMatchObject([
      { device: 1, online: true, active: true, preKeyCount: 30, platform: "Windows" },
    ]);
    const ping = emulator.waitFor("ping");
    await companion.ping();
    expect((await ping).jid).toBe("5511999990001:1@s.whatsapp.net");
  });

  it("takes the code as the URL with a fifth field too", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = suite.client().open();
    const url = `https://wa.me/settings/linked_devices#${await client.qr()},1`;
    await expect(phone.scan(url)).resolves.toMatchObject({ device: 1 });
    await client.restart();
  });

  it("honours a reference that is no longer shown, but not after the link", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = suite.client().open({ qrTimeout: 500 });
    const first = await client.qr();
    await client.until((update) => update.qr !== undefined && update.qr !== first, "second QR code");
    await phone.scan(first);
    await client.restart();
    const error = await refusal(phone.scan(first));
    expect(isZpwootError(error, "INVALID_INPUT")).toBe(true);
    expect((error as Error).message).toMatch(/over/u);
  });

  it("refuses a code that is malformed, never issued, or of a client that left, each in its own words", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = suite.client().open();
    const qr = await client.qr();
    const stranger = `2@unknown${qr.slice(qr.indexOf(","))}`;
    expect(await refusal(phone.scan("hello"))).toMatchObject({
      message: expect.stringMatching(/four fields/u),
    });
    expect(await refusal(phone.scan(stranger))).toMatchObject({
      message: expect.stringMatching(/never issued/u),
    });
    const closed = suite.emulator.waitFor("connection.closed");
    client.end();
    await closed;
    expect(await refusal(phone.scan(qr))).toMatchObject({ message: expect.stringMatching(/over/u) });
  });

  it("links two clients of one account as devices 1 and 2", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    await suite.client().link(phone.phoneNumber);
    await suite.client().link(phone.phoneNumber);
    expect(phone.companions.map(({ device, active }) => ({ device, active }))).toEqual([
      { device: 1, active: true },
      { device: 2, active: true },
    ]);
  });

  it("seals the device identity with a wrong secret when switched so, and the companion refuses", async () => {
    const { emulator } = suite;
    emulator.behaviour.wrongHmac = true;
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = suite.client().open();
    const scan = refusal(phone.scan(await client.qr()));
    expect(await client.closeCode()).toBe(500);
    expect(isZpwootError(await scan, "PAIRING_REFUSED")).toBe(true);
    expect(phone.companions).toEqual([]);
  });

  it("sends no references when switched so, and the client gives up", async () => {
    suite.emulator.behaviour.refCount = 0;
    expect(await suite.client().open().closeCode()).toBe(408);
  });

  it("turns an outdated client away with 405", async () => {
    suite.emulator.behaviour.minimumVersion = [2, 3000, 4_000_000_000];
    expect(await suite.client().open().closeCode()).toBe(405);
  });
});

describe("linking an unmodified whaileys by pairing code", () => {
  const suite = whaileysSuite();

  it("links, restarts and logs in", async () => {
    const { emulator } = suite;
    const phone = emulator.addPhone({ phoneNumber: "5511999990002" });
    const client = suite.client().open();
    await client.qr();
    const requested = emulator.waitFor("pairing-code-requested");
    const code = await client.socket.requestPairingCode(phone.phoneNumber);
    expect((await requested).phoneNumber).toBe(phone.phoneNumber);
    await expect(
      phone.enterPairingCode(`${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`),
    ).resolves.toMatchObject({
      device: 1,
    });
    await client.restart();
    expect(client.creds.registered).toBe(true);
    expect(emulator.pendingPairingNumbers).toEqual([]);
  });

  it("refuses a wrong code and still takes the right one", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990002" });
    const client = suite.client().open();
    await client.qr();
    const requested = suite.emulator.waitFor("pairing-code-requested");
    const code = await client.socket.requestPairingCode(phone.phoneNumber);
    await requested;
    const wrong = code === "11111111" ? "22222222" : "11111111";
    expect(await refusal(phone.enterPairingCode(wrong))).toMatchObject({
      message: expect.stringMatching(/not the one the client shows/u),
    });
    await phone.enterPairingCode(code);
    await client.restart();
  });

  it("refuses a code that no client asked for, and one that can't be a code", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990002" });
    expect(await refusal(phone.enterPairingCode("ABCD1234"))).toMatchObject({
      message: expect.stringMatching(/No client waits/u),
    });
    expect(await refusal(phone.enterPairingCode("IO0U"))).toMatchObject({
      message: expect.stringMatching(/8 of the characters/u),
    });
  });
});
