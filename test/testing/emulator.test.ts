import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { RawClient, RawIdentity } from "./raw-client.js";

describe("an emulator as a test uses it", () => {
  let emulator: WhatsAppEmulator;

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
  });

  afterEach(() => emulator.stop());

  it("carries messages between phones alone", async () => {
    const ana = emulator.addPhone({ phoneNumber: "5511999990001" });
    const bob = emulator.addPhone({ phoneNumber: "5511999990002", lid: "42" });
    const there = ana.sendText(bob, "hello");
    await bob.waitForMessage(({ id }) => id === there.id);
    const back = bob.sendText(ana.lid, "hello yourself");
    expect(await ana.waitForMessage(({ id }) => id === back.id)).toMatchObject({
      text: "hello yourself",
      chat: bob.jid,
    });
    expect(bob.lid).toBe("42@lid");
    ana.read(back.id);
    expect(bob.messages.at(-1)).toMatchObject({ id: back.id, status: "read" });
  });

  it("keeps a note to self", () => {
    const ana = emulator.addPhone({ phoneNumber: "5511999990001" });
    expect(ana.sendText(ana, "milk")).toMatchObject({ to: ana.jid, deviceCount: 0 });
    expect(ana.messages).toMatchObject([{ text: "milk", fromMe: true }]);
  });

  it("finds phones by number in any notation and by JID, and says so when there is none", () => {
    const ana = emulator.addPhone({ phoneNumber: "+55 (11) 99999-0001" });
    for (const name of ["5511999990001", "+55 11 99999-0001", ana.jid, ana.lid])
      expect(emulator.phone(name)).toBe(ana);
    expect(() => emulator.phone("5511000000000")).toThrow(/no phone/u);
    expect(() => emulator.addPhone({ phoneNumber: "5511999990001" })).toThrow(/already/u);
    expect(() => emulator.addPhone({ phoneNumber: "hello" })).toThrow(/5 to 15 digits/u);
    expect(() => emulator.addPhone({ phoneNumber: "5511999990002", lid: "x" })).toThrow(/LID/u);
    expect(() => ana.unlink(1)).toThrow(/no linked device 1/u);
    expect(() => ana.read("nothing")).toThrow(/no message/u);
    expect(() => ana.sendText("5511000000000", "x")).toThrow(/no account/u);
    expect(emulator.disconnect(ana.jid)).toBe(0);
  });

  it("ends every wait: by its event, its deadline or its signal", async () => {
    const ana = emulator.addPhone({ phoneNumber: "5511999990001" });
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    const waited = emulator.waitFor("message", ({ message }) => message.text === "two");
    ana.sendText(bob, "one");
    ana.sendText(bob, "two");
    expect((await waited).phoneNumber).toBe(bob.phoneNumber);
    await expect(emulator.waitFor("linked", undefined, { timeoutMs: 10 })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    await expect(bob.waitForMessage(({ text }) => text === "x", { timeoutMs: 10 })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    const controller = new AbortController();
    const aborted = emulator.waitFor("linked", undefined, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    await expect(emulator.waitFor("linked", undefined, { signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  it("names what a wait waited for, and the last stanzas, when it times out", async () => {
    await expect(emulator.waitFor("linked", undefined, { timeoutMs: 10 })).rejects.toThrow(
      'Timed out after 10 ms waiting for the emulator event "linked"; no stanza was exchanged',
    );
    const client = await new RawClient(emulator.url).opened();
    const keys = new RawIdentity();
    await client.handshake(keys.noise, keys.registration());
    await client.refs();
    const message = await emulator.waitFor("login", undefined, { timeoutMs: 1_000 }).then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(message).toMatch(
      /after 1 s waiting for .*login.*; last stanzas:\n +\d+ ms #1 < <iq .*pair-device/u,
    );
    expect(message.split("\n").length).toBeLessThanOrEqual(11);
    for (const line of message.split("\n")) expect(line.length).toBeLessThan(300);
    client.terminate();
  });

  it("waits without a time-out for longer than a timer can", async () => {
    const ana = emulator.addPhone({ phoneNumber: "5511999990001" });
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    const waited = bob.waitForMessage(() => true, { timeoutMs: 2 ** 31 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    ana.sendText(bob, "late");
    expect(await waited).toMatchObject({ text: "late" });
  });

  it("calls listeners until they are removed, and those of once only once", () => {
    const ana = emulator.addPhone({ phoneNumber: "5511999990001" });
    const bob = emulator.addPhone({ phoneNumber: "5511999990002" });
    const heard: string[] = [];
    const always = (): void => void heard.push("always");
    emulator.on("message", always).once("message", () => heard.push("once"));
    ana.sendText(bob, "1");
    ana.sendText(bob, "2");
    emulator.off("message", always);
    ana.sendText(bob, "3");
    expect(heard).toEqual(["always", "once", "always"]);
  });

  it("runs beside others without sharing anything, and ends with its scope", async () => {
    const url = await (async () => {
      await using other = await WhatsAppEmulator.start();
      other.addPhone({ phoneNumber: "5511999990001" });
      expect(emulator.phones).toEqual([]);
      return other.url;
    })();
    await expect(fetch(url.replace("ws:", "http:"))).rejects.toThrow();
    expect(url).not.toBe(emulator.url);
  });

  it("rejects when its port is taken", async () => {
    const port = Number(new URL(emulator.url).port);
    await expect(WhatsAppEmulator.start({ port })).rejects.toThrow(/EADDRINUSE/u);
  });
});
