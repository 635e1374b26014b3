/** `kill -9` of a process with one session in the middle of what it does, and what it finds when it starts again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child } from "./child.js";
import { extent } from "./extent.js";
import { seeded } from "./random.js";

const SCRIPT = new URL("./engine-child.ts", import.meta.url);

/** The suite for one library; each has a test file of its own, so that they run side by side. */
export function crashSuite(library: string): void {
  describe(`kill -9 of the process, with ${library}`, { timeout: 90_000 }, () => {
    let emulator: WhatsAppEmulator;
    let phone: VirtualPhone;
    let friend: VirtualPhone;
    let folder: string;
    let children: Child[] = [];

    beforeEach(async () => {
      emulator = await WhatsAppEmulator.start();
      phone = emulator.addPhone({ phoneNumber: "5511999990001" });
      friend = emulator.addPhone({ phoneNumber: "5511999990002" });
      folder = await mkdtemp(join(tmpdir(), "zpwoot-crash-"));
      children = [];
    });

    afterEach(async () => {
      for (const child of children) await child.end("SIGKILL");
      await emulator.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const start = (mode = "start", store = `lmdb:${join(folder, "store")}`): Child => {
      const child = new Child(SCRIPT, [store, emulator.url, mode, library]);
      children.push(child);
      return child;
    };

    const connected = (child: Child): Promise<unknown> => child.fact(({ status }) => status === "connected");

    /** A message out and one in: both sides still have the same keys. */
    async function talks(child: Child, word: string): Promise<void> {
      const from = child.facts.length;
      friend.sendText(phone, `in-${word}`);
      await child.fact(({ text }) => text === `in-${word}`, { from });
      child.send(`send ${friend.jid} out-${word}`);
      await friend
        .waitForMessage(({ text }) => text === `out-${word}`, { timeoutMs: 5_000 })
        .catch((error: unknown) => {
          throw new Error(`${child.output.slice(-1_500)}\n${emulator.transcript().slice(-2_500)}`, {
            cause: error,
          });
        });
    }

    it("in the middle of pairing: linked on the phone means linked after the restart, without a QR code", async () => {
      const random = seeded(7);
      for (let round = 0; round < extent(2, 6); round += 1) {
        const store = `lmdb:${join(folder, `round-${round}`)}`;
        const child = start("connect", store);
        const qr = String((await child.fact((fact) => "qr" in fact))["qr"]);
        const scan = phone.scan(qr).then(
          () => true,
          () => false,
        );
        // Around the link: it takes some 20 ms from the scan to the restart, then 20 ms to the login.
        await sleep(random() * 60);
        await child.end("SIGKILL");
        const linked = await scan;
        const again = start("connect", store);
        if (linked) {
          await connected(again);
          expect(again.facts.filter((fact) => "qr" in fact)).toEqual([]);
        } else {
          await again.fact((fact) => "qr" in fact || fact["status"] === "connected");
        }
        await again.end("SIGKILL");
        phone.unlink();
      }
    });

    it("in the middle of pairing by code: the same", async () => {
      const random = seeded(13);
      for (let round = 0; round < extent(1, 3); round += 1) {
        const store = `lmdb:${join(folder, `code-${round}`)}`;
        const child = start("connect", store);
        await child.fact((fact) => "qr" in fact);
        child.send(`pair +${phone.phoneNumber}`);
        const { pairingCode } = await child.fact((fact) => "pairingCode" in fact);
        const typed = phone.enterPairingCode(String(pairingCode)).then(
          () => true,
          () => false,
        );
        // Deriving the keys of the code takes some 100 ms on either side.
        await sleep(50 + random() * 250);
        await child.end("SIGKILL");
        const linked = await typed;
        const again = start("connect", store);
        if (linked) await connected(again);
        else await again.fact((fact) => "qr" in fact || fact["status"] === "connected");
        expect(again.facts.some((fact) => "qr" in fact)).toBe(!linked);
        expect(again.facts.some(({ state }) => state === "loggedOut")).toBe(false);
        await again.end("SIGKILL");
        phone.unlink();
      }
    });

    it("in the middle of a deletion: the session is whole or gone", async () => {
      const random = seeded(17);
      for (let round = 0; round < extent(2, 4); round += 1) {
        const store = `lmdb:${join(folder, `deletion-${round}`)}`;
        const child = start("connect", store);
        await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
        await connected(child);
        const { id } = await child.fact((fact) => "id" in fact);
        child.send("delete");
        await child.fact((fact) => "deleting" in fact);
        await sleep(random() * 30);
        await child.end("SIGKILL");
        const again = start("start", store);
        // A new one is made when there is none.
        if ((await again.fact((fact) => "id" in fact))["id"] === id) {
          await again.fact(({ status }) => status === "connected" || status === "disconnected");
          expect(again.facts.at(-1)).toMatchObject({
            state: phone.companions.length > 0 ? "open" : "loggedOut",
          });
        }
        expect(again.facts.some((fact) => "error" in fact)).toBe(false);
        await again.end("SIGKILL");
        phone.unlink();
      }
    });

    it("while receiving: comes back without a QR code, both sides still decrypt, and every message is reported", async () => {
      const random = seeded(11);
      let child = start("connect");
      await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
      await connected(child);
      await talks(child, "first");
      const reported = new Set<unknown>();
      const sent: string[] = [];
      const rounds = extent(2, 5);
      for (let round = 0; round < rounds; round += 1) {
        for (let count = 0; count < 20; count += 1) {
          sent.push(`round-${round}-${count}`);
          friend.sendText(phone, sent.at(-1) ?? "");
        }
        await sleep(random() * 40);
        await child.end("SIGKILL");
        for (const { text } of child.facts) reported.add(text);
        child = start();
        await connected(child);
        expect(child.facts.filter((fact) => "qr" in fact)).toEqual([]);
        await talks(child, `after-${round}`);
        for (const { text } of child.facts) reported.add(text);
      }
      expect(child.facts.some((fact) => "error" in fact)).toBe(false);
      // A message is emitted before anything leaves that acknowledges it; what is queued at WhatsApp comes again.
      expect(sent.filter((text) => !reported.has(text))).toEqual([]);
    });

    it("prints no key: libsignal is silent", async () => {
      const child = start("connect");
      await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
      await connected(child);
      await talks(child, "quiet");
      child.send("disconnect");
      await child.fact(({ status }) => status === "disconnected");
      child.send("connect");
      await child.fact(({ status }) => status === "connected", { from: child.facts.length });
      await talks(child, "again");
      const strange = child.output.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
      expect(strange).toEqual([]);
    });
  });
}
