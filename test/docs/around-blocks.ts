/** What some blocks need before they run, and what is done with them afterwards: each by a word in their code. */
import type { DocsWorld } from "./world.js";

type Then = (world: DocsWorld) => Promise<unknown>;

interface Around {
  readonly word: RegExp;
  /** The session that the block calls `id`, where it is not one that is connected. */
  readonly session?: (world: DocsWorld) => Promise<string>;
  /** Done while the block runs. */
  readonly meanwhile?: (world: DocsWorld, id: string) => Promise<void>;
  /** Done when it has run: what its listeners are for. */
  readonly then?: Then;
}

/** A friend writes something; settles with the answer that the block's listener gives. */
function answered(question: string, answer: string): Then {
  return ({ friend, owner }) => {
    friend.sendText(owner, question);
    return friend.waitForMessage(({ text, fromMe }) => !fromMe && text === answer);
  };
}

export const AROUND: readonly Around[] = [
  { word: /manager\.pair\(/, session: (world) => world.connecting() },
  {
    word: /restoreTombstone\(/,
    session: async (world) => {
      const id = await world.linked();
      await world.manager.logout(id);
      return id;
    },
  },
  {
    word: /reactions\.some\(/,
    meanwhile: async ({ manager, friend }, id) => {
      const { id: message } = await manager.sendMessage(id, friend.jid, { text: "well?" });
      await manager.sendMessage(id, friend.jid, { reaction: { message, emoji: "👍" } });
    },
  },
  {
    word: /for await .*manager\.events\(/,
    meanwhile: async (world) => {
      const heard = new Promise((resolve) => world.manager.once("messages.upsert", resolve));
      world.friend.sendText(world.owner, "hello");
      await heard;
      world.endStreams();
    },
  },
  { word: /"opening hours\?"/, then: answered("Opening hours?", "From 9 to 6") },
  { word: /text: "pong"/, then: answered("ping", "pong") },
  {
    word: /Welcome, @/,
    then: async ({ owner, friend, emulator }) => {
      const group = friend.createGroup("Visitors", [owner]);
      group.add(friend, emulator.addPhone({ phoneNumber: "5511999990077" }));
      await friend.waitForMessage(({ text, fromMe }) => !fromMe && text?.startsWith("Welcome, @") === true);
    },
  },
];
