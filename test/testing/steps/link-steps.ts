/** Steps 1 to 9: from an empty folder to a linked client that knows whose it is. */
import { readdir } from "node:fs/promises";
import { expect } from "vitest";
import type { Step } from "./world.js";

/** See the head of this file. */
export const LINK_STEPS: readonly Step[] = [
  {
    name: "starts with an empty folder",
    phone: "no linked device; the service has issued references",
    client: "a QR code",
    run: async ({ client, owner }) => {
      expect(await client.qr()).toMatch(/2@[^,]+(,[^,]+){3,4}$/u);
      expect(owner.companions).toEqual([]);
    },
  },
  {
    name: "is scanned by the phone",
    phone: "one linked device; the service asks it to restart (515), and it logs in",
    client: "is open, and is the device that the phone shows",
    run: async ({ client, emulator, owner }) => {
      const login = emulator.waitFor("login");
      await client.link(owner);
      await login;
      expect(client.socket.user?.id).toBe(owner.companions[0]?.jid);
      await expect.poll(() => owner.companions).toMatchObject([{ device: 1, online: true, active: true }]);
      expect(emulator.transcript()).toContain('<stream:error code="515"');
    },
  },
  {
    name: "uploads its keys",
    phone: "the service has its one-time pre-keys",
    client: "has a key for the next upload",
    run: async ({ client, owner }) => {
      await expect.poll(() => owner.companions[0]?.preKeyCount).toBeGreaterThan(0);
      expect(client.creds.firstUnuploadedPreKeyId).toBeGreaterThan(1);
    },
  },
  {
    name: "is sent the key of the app state and the first history",
    phone: "has sent both",
    client: "has the key in its folder, and the history among what it has had",
    run: async ({ client, emulator, folder }) => {
      await client.until(() => client.creds.processedHistoryMessages.length > 0);
      const files = async (): Promise<string> => (await readdir(folder)).join(" ");
      await expect.poll(files, { timeout: 5_000 }).toContain("app-state-sync-key");
      expect(emulator.media.files.length).toBeGreaterThan(0);
    },
  },
  {
    name: "logs in again with its folder",
    phone: "the same device, online again",
    client: "is open without a QR code",
    run: async (world) => {
      const { client, me } = world;
      await world.restart();
      expect(world.client).not.toBe(client);
      await world.client.until(() => world.client.isOpen);
      expect(world.client.codes).toEqual([]);
      expect(world.me).toBe(me);
      await expect
        .poll(() => world.owner.companions)
        .toMatchObject([{ jid: me, online: true, active: true }]);
    },
  },
  {
    name: "is passive at its login, or is not",
    phone: "the service brings its traffic when it asks for it, or at once",
    client: "has had all that waited for it",
    run: async ({ client, emulator }) => {
      await client.event("connection.update", (update) => update.receivedPendingNotifications === true);
      const lines = emulator.transcript().split("\n");
      const last = (part: RegExp): number => lines.findLastIndex((line) => part.test(line));
      expect(last(/<offline /u)).toBeGreaterThan(last(/<success/u));
    },
  },
  {
    name: "another client is linked by a pairing code that is typed on the phone",
    phone: "two linked devices",
    client: "both are open",
    needs: { method: "requestPairingCode" },
    run: async (world) => {
      const { emulator, owner } = world;
      const second = world.another();
      await second.qr();
      const asked = emulator.waitFor("pairing-code-requested");
      const code = await second.socket.requestPairingCode(owner.phoneNumber);
      await asked;
      await owner.enterPairingCode(code);
      await second.until(() => second.isOpen);
      expect(world.client.isOpen).toBe(true);
      expect(owner.companions).toMatchObject([{ device: 1 }, { device: 2 }]);
      world.paired = second;
    },
  },
  {
    name: "is told the name that its user has given itself",
    phone: "has changed it",
    client: "`creds.me.name`",
    run: async ({ client, owner }) => {
      owner.sync({ kind: "push-name", name: "The owner" });
      await client.until(() => client.creds.me?.name === "The owner");
    },
  },
  {
    name: "learns the names of contacts",
    phone: "has one in its address book, and one writes",
    client: "`contacts.upsert` or `contacts.update` with the name, `pushName` in the message",
    run: async (world) => {
      const { client, friend, other, owner } = world;
      owner.sync({ kind: "contact", jid: other.jid, name: "My neighbour" });
      await client.until(() => JSON.stringify(client.events).includes("My neighbour"));
      expect((await world.received()).pushName).toBe(friend.name);
    },
  },
  {
    name: "lies where it was told to, and nowhere else",
    phone: "nothing",
    client: "its credentials and keys are files in its folder",
    run: async ({ folder }) => expect(await readdir(folder)).toContain("creds.json"),
  },
];
