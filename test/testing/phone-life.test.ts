/** What else virtual phones do, as clients of either library see it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionEvents } from "../../src/api/events.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

type Upsert = SessionEvents["messages.upsert"];

describe.each(LIBRARIES)("with $name: a phone", ({ name, open }) => {
  let world: EngineWorld;
  let id: string;
  let owner: VirtualPhone;
  let friend: VirtualPhone;

  beforeEach(async () => {
    world = await open({ whatsapp: { syncHistory: true } });
    owner = world.phone("Owner");
    friend = world.phone("Friend");
    ({ id } = await world.linked("session", owner));
    owner.shareAppStateKey();
    owner.sendHistory();
  });
  afterEach(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
  });

  const containing =
    (words: string) =>
    ({ data }: Upsert): boolean =>
      JSON.stringify(data.messages).includes(words);

  it("writes by its LID, and reads the answer that goes there", async () => {
    const come = world.next("messages.upsert", containing("from behind a LID"));
    friend.sendText(owner, "from behind a LID", { addressing: "lid" });
    const { data } = await come;
    expect(data.messages[0]?.key.remoteJid).toMatch(name === "whaileys" ? /@/ : /@lid$/);
    const socket = await world.manager.socket(id);
    await socket.sendMessage(friend.lid, { text: "to the LID" });
    expect(await friend.waitForMessage(({ text }) => text === "to the LID")).toMatchObject({
      chat: owner.jid,
    });
  });

  it("reacts to a message, edits its own and takes it back", async () => {
    const first = world.next("messages.upsert", containing("first words"));
    const sent = friend.sendText(owner, "first words");
    await first;
    const reaction = world.next("messages.upsert", containing("reactionMessage"));
    friend.react(sent.id, "👍");
    expect((await reaction).data.messages[0]?.message?.reactionMessage).toMatchObject({
      text: "👍",
      key: { id: sent.id },
    });
    const edit = world.next("messages.upsert", containing("better words"));
    friend.edit(sent.id, "better words");
    await edit;
    const update = world.next("messages.update", ({ data }) =>
      data.some(({ update: { message } }) => message === null),
    );
    friend.revoke(sent.id);
    await update;
    expect(owner.messages.find((message) => message.id === sent.id)).toMatchObject({ status: "revoked" });
    expect(() => friend.revoke("unknown")).toThrow(/no message/u);
  });

  it("shows that its user is typing, to the other side of the chat and in a group", async () => {
    const typing = world.next("presence.update");
    expect(friend.setActivity(owner, "composing")).toBe(1);
    expect((await typing).data).toMatchObject({
      id: friend.jid,
      presences: { [friend.jid]: { lastKnownPresence: "composing" } },
    });
    const group = friend.createGroup("Family", [owner]);
    const inGroup = world.next("presence.update", ({ data }) => data.id === group.jid);
    friend.setActivity(group, "recording");
    expect((await inGroup).data.presences[friend.jid]).toMatchObject({ lastKnownPresence: "recording" });
    const told = world.emulator.waitFor("chat-activity");
    await (await world.manager.socket(id)).sendPresenceUpdate("composing", friend.jid);
    expect(await told).toMatchObject({ to: friend.jid, activity: "composing" });
  });

  it("sends its presence only to subscribers", async () => {
    expect(friend.setPresence({ online: true })).toBe(0);
    const asked = world.emulator.waitFor("presence-subscribed");
    await (await world.manager.socket(id)).presenceSubscribe(friend.jid);
    await asked;
    expect(friend.setPresence({ online: true })).toBe(1);
  });

  it("sends the history, which becomes chats, contacts and messages", async () => {
    const socket = await world.manager.socket(id);
    const set = new Promise<{ chats: readonly { id?: string | null }[]; messages: readonly unknown[] }>(
      (resolve) =>
        socket.ev.on("messaging-history.set", (history) => {
          if (history.chats.length > 0) resolve(history);
        }),
    );
    owner.sendHistory({
      kind: "recent",
      chats: [
        {
          jid: friend.jid,
          name: "Bruno",
          messages: [{ id: "OLD1", text: "long ago", timestamp: 1_700_000_000 }],
        },
      ],
      pushNames: { [friend.jid]: "Friend" },
    });
    const history = await set;
    expect(history.chats.map((chat) => chat.id)).toEqual([friend.jid]);
    expect(JSON.stringify(history.messages)).toContain("long ago");
  });

  it("receives what a client changes in the app state, and so does the next client", async () => {
    const fetched = world.emulator.waitFor("app-state-fetched");
    owner.sync({ kind: "pin", chat: friend.jid, pinned: true });
    await fetched;
    const changed = world.emulator.waitFor("app-state-changed");
    const socket = await world.manager.socket(id);
    await expect
      .poll(async () => {
        try {
          await socket.chatModify({ archive: true, lastMessages: [] }, friend.jid);
          return "done";
        } catch (error) {
          return String(error);
        }
      })
      .toBe("done");
    expect(await changed).toMatchObject({ collection: "regular_low", indices: [["archive", friend.jid]] });
    const { id: second } = await world.linked("another client", owner);
    const archived = world.next(
      "chats.update",
      ({ sessionId, data }) => sessionId === second && data.some((chat) => chat.archived === true),
      10_000,
    );
    const [, device] = owner.companions;
    owner.shareAppStateKey(device?.device);
    owner.sync({ kind: "mute", chat: friend.jid, until: 1_900_000_000_000 });
    owner.sync({ kind: "archive", chat: friend.jid, archived: true });
    await archived;
  });
});
