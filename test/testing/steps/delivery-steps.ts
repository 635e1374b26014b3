/** Steps about receipts, typing, presence, and messages that do not arrive at once. */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { withoutPauses } from "../methods/world.js";
import type { Step } from "./world.js";

const TYPING: readonly Step[] = [
  {
    name: "reads a message",
    phone: "the friend's shows it as read; the own other devices are told",
    client: "the receipt left",
    run: async (world) => {
      const { key } = await world.received();
      await world.socket.readMessages([key]);
      await world.shown(key.id, ({ status }) => status === "read");
    },
  },
  {
    name: "is read",
    phone: "the friend has opened the chat",
    client: "`messages.update`: read",
    run: async (world) => {
      const { entry } = await world.sends({ text: "read me" });
      world.friend.read(entry.id);
      await world.reaches(entry.id, 4);
    },
  },
  {
    name: "plays a voice note",
    phone: "the friend's shows it as read",
    client: "the receipt left",
    run: async (world) => {
      const { key } = await world.received(() =>
        world.friend.sendMedia(world.owner, { kind: "voice", bytes: randomBytes(100) }),
      );
      await world.socket.sendReceipt(world.friend.jid, undefined, [key.id ?? ""], "played");
      await world.shown(key.id, ({ status }) => status === "read");
    },
  },
  {
    name: "hides that it reads, when its privacy says so",
    phone: "the friend's shows the message as delivered, and no more",
    client: "`read-self` goes to the own devices only",
    run: async (world) => {
      const { emulator, friend, owner, socket } = world;
      owner.setPrivacy("readreceipts", "none");
      await socket.fetchPrivacySettings(true);
      const { key } = await world.received();
      const left = emulator.waitFor("receipt", ({ type }) => type === "read-self");
      await socket.readMessages([key]);
      await left;
      expect(friend.message(key.id ?? "").status).toBe("delivered");
      owner.setPrivacy("readreceipts", "all");
      await socket.fetchPrivacySettings(true);
    },
  },
  {
    name: "types, pauses, records",
    phone: "the friend is shown each",
    client: "all three left",
    run: async (world) => {
      for (const activity of ["composing", "paused", "recording"] as const) {
        const act = () => world.socket.sendPresenceUpdate(activity, world.friend.jid);
        const { to } = await world.leadsTo("chat-activity", act, (event) => event.activity === activity);
        expect(to).toBe(world.friend.jid);
      }
    },
  },
  {
    name: "is shown that a person types",
    phone: "the friend types, and stops",
    client: "`presence.update`, twice",
    run: async ({ client, friend, owner }) => {
      // What whaileys makes of a pause.
      for (const [activity, known] of [
        ["composing", /composing/u],
        ["paused", /paused|available/u],
      ] as const) {
        friend.setActivity(owner, activity);
        await client.event("presence.update", ({ presences }) =>
          known.test(presences[friend.jid]?.lastKnownPresence ?? ""),
        );
      }
    },
  },
  {
    name: "says that it is there, and that it is not",
    phone: "the service is told",
    client: "both left",
    run: async (world) => {
      for (const presence of ["unavailable", "available"] as const)
        await world.leadsTo(
          "presence",
          () => world.socket.sendPresenceUpdate(presence),
          ({ type }) => type === presence,
        );
    },
  },
  {
    name: "subscribes to a contact's presence",
    phone: "the friend comes and goes",
    client: "`presence.update`: available, then unavailable",
    run: async (world) => {
      const { client, friend, socket } = world;
      await world.leadsTo("presence-subscribed", () => socket.presenceSubscribe(friend.jid));
      for (const online of [true, false]) {
        friend.setPresence(online ? { online } : { online, lastSeen: 1_700_000_000 });
        const known = online ? "available" : "unavailable";
        await client.event(
          "presence.update",
          ({ presences }) => presences[friend.jid]?.lastKnownPresence === known,
        );
      }
    },
  },
];

const DELIVERY: readonly Step[] = [
  {
    name: "was away while people wrote",
    phone: "the messages wait, and are delivered when it is back",
    client: "each once, in their order",
    run: async (world) => {
      const { friend, owner } = world;
      await world.client.end();
      await expect.poll(() => owner.companions[0]?.online).toBe(false);
      const ids = ["one", "two", "three"].map((text) => friend.sendText(owner, text).id);
      await expect.poll(() => owner.companions[0]?.pendingCount).toBe(3);
      await world.restart();
      const { client } = world;
      await client.until(() => client.isOpen);
      // Baileys 7 keeps what waited to itself until something else comes.
      ids.push(friend.sendText(owner, "four").id);
      await client.until(() => ids.every((id) => client.messages.some(({ key }) => key.id === id)));
      const waited = ids.slice(0, 3);
      const got = client.messages.flatMap(({ key }) => (waited.includes(key.id ?? "") ? [key.id] : []));
      expect(got).toEqual(waited);
      await world.shown(ids[3], ({ status }) => status === "delivered");
      await expect.poll(() => owner.companions[0]?.pendingCount).toBe(0);
    },
  },
  {
    name: "is asked for a message that the phone could not read",
    phone: "shows it, after it was sent again",
    client: "sends it again",
    run: async (world) => {
      const { emulator, friend, me, socket } = world;
      await world.sends({ text: "there is a session" });
      emulator.faults.add({ at: "message", action: "drop" });
      const dropped = emulator.waitFor("fault");
      const sent = await socket.sendMessage(friend.jid, { text: "lost at first" });
      await dropped;
      friend.forge.askAgain(sent?.key.id ?? "", me);
      expect((await world.shown(sent?.key.id)).text).toBe("lost at first");
    },
  },
  {
    name: "can't read a message, and asks for it",
    phone: "sends it again",
    client: "a retry receipt, then the message",
    run: async (world) => {
      const { emulator, friend, owner } = world;
      emulator.faults.add({ at: "delivery", action: "corrupt", phoneNumber: owner.phoneNumber });
      const { client } = world;
      const id = await withoutPauses(async () => {
        const asked = emulator.waitFor("receipt", ({ type }) => type === "retry", { timeoutMs: 4_000 });
        const sent = friend.sendText(owner, "spoilt at first");
        await asked;
        await client.until(() => client.texts.includes("spoilt at first"));
        return sent.id;
      });
      await world.shown(id, ({ status }) => status === "delivered");
    },
  },
  {
    name: "is brought a message twice",
    phone: "sends it once",
    client: "shows it once",
    run: async (world) => {
      const { client, emulator, friend, owner } = world;
      emulator.faults.add({ at: "delivery", action: "duplicate", phoneNumber: owner.phoneNumber });
      const { id } = friend.sendText(owner, "twice on the wire");
      await client.received(({ key }) => key.id === id);
      await world.received(() => friend.sendText(owner, "after it"));
      expect(client.texts.filter((text) => text === "twice on the wire")).toHaveLength(1);
    },
  },
  {
    name: "writes to a number that is not on WhatsApp",
    phone: "only the own one shows it",
    client: "no receipt; Baileys 6 rejects, as there are no keys",
    run: async ({ library, owner, socket }) => {
      const send = () => socket.sendMessage("5511000000000@s.whatsapp.net", { text: "anybody?" });
      if (library.name === "Baileys 6.17.16") return expect(send()).rejects.toThrow("item-not-found");
      const sent = await send();
      return owner.waitForMessage(({ id }) => id === sent?.key.id);
    },
  },
  {
    name: "writes to a LID",
    phone: "shows it in the chat of that person",
    client: "it left",
    run: async (world) => {
      const sent = await world.socket.sendMessage(world.friend.lid, { text: "to the LID" });
      expect(await world.shown(sent?.key.id)).toMatchObject({ chat: world.owner.jid, text: "to the LID" });
    },
  },
  {
    name: "is written to from a LID, then from the number again",
    phone: "shows it as delivered",
    client: "`messages.upsert`",
    // Baileys 6 knows no session by both, and asks for such messages again.
    run: ({ client, friend, owner }) =>
      withoutPauses(async () => {
        friend.sendText(owner, "from a LID", { addressing: "lid" });
        await client.until(() => client.texts.includes("from a LID"));
        friend.sendText(owner, "from a number");
        await client.until(() => client.texts.includes("from a number"));
      }),
  },
  {
    name: "fetches media that has expired",
    phone: "stores it again when it is asked to",
    client: "`updateMediaMessage`, then the bytes",
    run: async (world) => {
      const { client, emulator, friend, owner } = world;
      const bytes = randomBytes(10_000);
      const message = await world.received(() => friend.sendMedia(owner, { kind: "image", bytes }));
      emulator.media.expire();
      await client.socket.updateMediaMessage(message);
      expect((await client.download(message)).equals(bytes)).toBe(true);
    },
  },
];

/** See the head of this file. */
export const DELIVERY_STEPS: readonly Step[] = [...TYPING, ...DELIVERY];
