/** The guard of revokes and edits, on a socket that emits what a test says. */
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RefusedClaim } from "../../src/api/authorship.js";
import { AuthorshipGuard } from "../../src/whatsapp/authorship/authorship-guard.js";
import type { Participant } from "../../src/whatsapp/authorship/group-rosters.js";
import { MessageAuthors } from "../../src/whatsapp/authorship/message-authors.js";
import { isSame, personOf } from "../../src/whatsapp/authorship/person.js";
import type { WhatsAppSocket } from "../../src/whatsapp/library.js";

const ME = "5511999990001@s.whatsapp.net";
const BRUNO = "5511999990002@s.whatsapp.net";
const BRUNO_LID = "222@lid";
const MALLORY = "5511999990003@s.whatsapp.net";
const GROUP = "1203@g.us";

type Emitted = readonly [name: string, data: unknown];

/** A socket whose events are kept, and what WhatsApp answers. */
class World {
  readonly emitted: Emitted[] = [];
  readonly refused: RefusedClaim[] = [];
  readonly errors: unknown[] = [];
  participants: () => Promise<readonly Participant[]> = async () => [
    { id: BRUNO, admin: "admin" },
    { id: MALLORY, admin: null },
  ];
  asked = 0;
  /** What Baileys 7 knows of addresses. */
  readonly pairs = new Map<string, string>();
  readonly authors = new MessageAuthors();
  readonly guard: AuthorshipGuard;
  readonly #ev = new EventEmitter();
  readonly #socket = {
    ev: this.#ev,
    authState: { creds: { me: { id: "5511999990001:7@s.whatsapp.net", lid: "111:7@lid" } } },
    groupMetadata: async () => {
      this.asked += 1;
      return { participants: await this.participants() };
    },
    signalRepository: {
      lidMapping: {
        getLIDForPN: async (pn: string) => this.pairs.get(pn) ?? null,
        getPNForLID: async (lid: string) => this.pairs.get(lid) ?? null,
      },
    },
  };

  constructor() {
    for (const name of ["messages.upsert", "messages.update", "messages.delete", "connection.update"])
      this.#ev.on(name, (data: unknown) => void this.emitted.push([name, data]));
    this.guard = new AuthorshipGuard({
      socket: this.#socket as unknown as WhatsAppSocket,
      authors: this.authors,
      onRefused: (claim) => void this.refused.push(claim),
      onError: (error) => void this.errors.push(error),
    });
  }

  emit(name: string, data: unknown): void {
    this.#ev.emit(name, data);
  }

  upsert(key: object, message: object): void {
    this.emit("messages.upsert", { type: "notify", messages: [{ key, message }] });
  }

  /** The library has decrypted a text. */
  text(id: string, key: object = { remoteJid: GROUP, participant: BRUNO }): void {
    this.upsert({ ...key, id }, { conversation: `text of ${id}` });
  }

  /** The marks of what was emitted of revokes and edits, without those that have none. */
  get marks(): unknown[] {
    return this.emitted
      .flatMap(([name, data]) => {
        if (name === "messages.upsert") return (data as { messages: { authorship?: unknown }[] }).messages;
        if (name !== "messages.update") return [];
        return (data as { update: { authorship?: unknown } }[]).map(({ update }) => update);
      })
      .flatMap(({ authorship }) => (authorship === undefined ? [] : [authorship]));
  }
}

const revoke = (id: string, more: object = {}): object => ({
  protocolMessage: { type: 0, key: { id, ...more } },
});
const by = (participant: string, more: object = {}): object => ({
  ...{ remoteJid: GROUP, participant, id: "claim", ...more },
});

describe("the guard of revokes and edits", () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    world.text("one");
  });
  afterEach(() => {
    vi.useRealTimers();
    expect(world.errors).toEqual([]);
  });

  it("passes ordinary events on as they are, in the same tick", () => {
    const data = { type: "notify", messages: [{ key: by(BRUNO), message: { conversation: "hello" } }] };
    world.emit("messages.upsert", data);
    const receipts = [{ key: { remoteJid: GROUP, id: "one" }, update: { status: 4 } }];
    world.emit("messages.update", receipts);
    expect(world.emitted.slice(-2).map(([, passed]) => passed)).toEqual([data, receipts]);
    expect(world.emitted.at(-2)?.[1]).toBe(data);
    expect(world.emitted.at(-1)?.[1]).toBe(receipts);
    expect(world.asked).toBe(0);
  });

  it.each<[string, (content: object) => object]>([
    ["bare", (content) => content],
    ["in a disappearing message", (content) => ({ ephemeralMessage: { message: content } })],
    ["in an edited message", (content) => ({ editedMessage: { message: content } })],
    ["in a copy of another device", (content) => ({ deviceSentMessage: { message: content } })],
  ])("finds claims %s, whatever their kind", async (_, wrapped) => {
    const claims = [
      revoke("one"),
      { protocolMessage: { key: { id: "one" } } },
      { protocolMessage: { type: 14, key: { id: "one" }, editedMessage: { conversation: "no" } } },
      { secretEncryptedMessage: { secretEncType: 2, targetMessageKey: { id: "one" } } },
    ];
    for (const claim of claims) world.upsert(by(MALLORY), wrapped(claim));
    await world.guard.settle();
    await vi.waitFor(() => expect(world.refused).toHaveLength(2), 5_000);
    expect(world.refused.map(({ kind }) => kind)).toEqual(["edit", "edit"]);
    // The revokes had no answer yet.
    expect(world.marks).toEqual(["unverified", "unverified"]);
  });

  it("does not change the library's objects", () => {
    const message = Object.freeze({ key: by(BRUNO), message: revoke("one") });
    const entry = Object.freeze({
      key: by(BRUNO, { id: "one" }),
      update: Object.freeze({ message: null, messageStubType: 1 }),
    });
    world.emit("messages.upsert", Object.freeze({ type: "notify", messages: Object.freeze([message]) }));
    world.emit("messages.update", Object.freeze([entry]));
    expect(world.marks).toEqual(["author", "author"]);
  });

  it("passes on the rest of a list from which it takes something", () => {
    world.text("two", { remoteJid: BRUNO });
    const forged = { key: { remoteJid: MALLORY, id: "claim" }, message: revoke("two") };
    const other = { key: { remoteJid: MALLORY, id: "other" }, message: { conversation: "hello" } };
    world.emit("messages.upsert", { type: "append", messages: [forged, other] });
    expect(world.emitted.at(-1)).toEqual(["messages.upsert", { type: "append", messages: [other] }]);
    expect(world.refused).toHaveLength(1);
  });

  it("judges an update as the message that it was made from, and reports it once", async () => {
    world.upsert(by(MALLORY), revoke("unknown", { fromMe: false, participant: BRUNO }));
    world.emit("messages.update", [
      { key: by(MALLORY, { id: "unknown" }), update: { message: null, messageStubType: 1 } },
    ]);
    await vi.waitFor(() => expect(world.refused).toHaveLength(1), 5_000);
    world.text("two");
    expect(world.marks).toEqual([]);
    expect(world.refused).toHaveLength(1);
  });

  it("keeps the order of messages, updates and deletions behind a claim, and holds up nothing else", async () => {
    let answer = (): void => {};
    world.participants = () =>
      new Promise((resolve) => (answer = () => resolve([{ id: MALLORY, admin: "admin" }])));
    world.emitted.length = 0;
    world.upsert(by(MALLORY), revoke("one"));
    world.text("two");
    world.emit("messages.delete", { keys: [] });
    world.emit("connection.update", {});
    expect(world.emitted.map(([name]) => name)).toEqual(["connection.update"]);
    answer();
    await vi.waitFor(() => expect(world.emitted).toHaveLength(4), 5_000);
    expect(world.emitted.map(([name]) => name).slice(1)).toEqual([
      "messages.upsert",
      "messages.upsert",
      "messages.delete",
    ]);
    expect(world.marks).toEqual(["admin"]);
    // Nothing waits any more.
    world.text("three");
    expect(world.emitted).toHaveLength(5);
  });

  it("waits for an answer no longer than five seconds, and asks for a group once a minute", async () => {
    vi.useFakeTimers();
    world.participants = () => new Promise(() => {});
    world.upsert(by(MALLORY), revoke("one"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(world.marks).toEqual(["unverified"]);
    world.upsert(by(MALLORY), revoke("one"));
    await vi.advanceTimersByTimeAsync(0);
    expect(world.marks).toEqual(["unverified", "unverified"]);
    expect(world.asked).toBe(1);
  });

  it("waits no longer when a thousand events wait", async () => {
    world.participants = () => new Promise(() => {});
    world.upsert(by(MALLORY), revoke("one"));
    for (let at = 0; at < 1_000; at += 1) world.text(`more ${at}`);
    await vi.waitFor(() => expect(world.emitted).toHaveLength(1_002), 5_000);
    expect(world.marks).toEqual(["unverified"]);
  });

  it("takes who has left the group for neither an admin nor a forger", async () => {
    world.participants = async () => [{ id: BRUNO, admin: "superadmin" }];
    world.upsert(by(MALLORY), revoke("one"));
    await vi.waitFor(() => expect(world.marks).toEqual(["unverified"]), 5_000);
  });

  it("asks again when the members of the group change", async () => {
    world.upsert(by(MALLORY), revoke("one"));
    await vi.waitFor(() => expect(world.refused).toHaveLength(1), 5_000);
    world.participants = async () => [{ id: MALLORY, admin: "admin" }];
    world.emit("group-participants.update", { id: GROUP, participants: [MALLORY], action: "promote" });
    world.upsert(by(MALLORY), revoke("one"));
    await vi.waitFor(() => expect(world.marks).toEqual(["admin"]), 5_000);
  });

  it("remembers the history, and who wrote first under an id", () => {
    const key = { remoteJid: GROUP, id: "old", participant: BRUNO };
    world.emit("messaging-history.set", { messages: [{ key, message: { conversation: "old" } }] });
    world.text("old", { remoteJid: GROUP, participant: MALLORY });
    world.upsert(by(BRUNO), revoke("old"));
    expect(world.marks).toEqual(["author"]);
  });

  describe("with the two addresses of a person", () => {
    const lid = (participant: string, more: object = {}): object => by(participant, more);

    it.each([
      ["whaileys", { participantPn: BRUNO, participantLid: BRUNO_LID }],
      ["Baileys 7", { participantAlt: BRUNO }],
    ])("reads those that %s puts into keys", (_, more) => {
      world.upsert(lid(BRUNO_LID, more), revoke("one"));
      expect(world.marks).toEqual(["author"]);
    });

    it("knows its own", () => {
      world.text("mine", { remoteJid: GROUP, fromMe: true });
      world.upsert(lid("111:3@lid"), revoke("mine"));
      world.upsert(lid(ME), revoke("mine"));
      expect(world.marks).toEqual(["author", "author"]);
    });

    it("asks the library for the other one", async () => {
      world.pairs.set(BRUNO, "222:0@lid");
      world.upsert(lid(BRUNO_LID), revoke("one"));
      await vi.waitFor(() => expect(world.marks).toEqual(["author"]), 5_000);
    });

    it("asks the group for the other one", async () => {
      world.participants = async () => [{ id: BRUNO, lid: BRUNO_LID, admin: null }];
      world.upsert(lid(BRUNO_LID), revoke("one"));
      await vi.waitFor(() => expect(world.marks).toEqual(["author"]), 5_000);
    });

    it("refuses another member who is known by the other kind of address", async () => {
      world.participants = async () => [
        { id: BRUNO_LID, phoneNumber: BRUNO, admin: null },
        { id: "333@lid", phoneNumber: MALLORY, admin: null },
      ];
      world.upsert(lid("333@lid"), revoke("one"));
      await vi.waitFor(() => expect(world.refused).toMatchObject([{ claimedBy: "333@lid" }]), 5_000);
    });

    it("does not guess", async () => {
      world.participants = async () => [{ id: BRUNO, admin: null }];
      world.upsert(lid("333@lid"), revoke("one"));
      await vi.waitFor(() => expect(world.marks).toEqual(["unverified"]), 5_000);
      world.text("private", { remoteJid: BRUNO });
      world.upsert({ remoteJid: "333@lid", id: "claim" }, revoke("private"));
      await vi.waitFor(() => expect(world.marks).toEqual(["unverified", "unverified"]), 5_000);
    });
  });
});

describe("people", () => {
  it.each([
    [{ pn: BRUNO }, { pn: "5511999990002:12@c.us" }, true],
    [{ pn: BRUNO }, { pn: MALLORY }, false],
    [{ lid: BRUNO_LID }, { lid: "222:1@hosted.lid" }, true],
    [{ lid: BRUNO_LID }, { pn: BRUNO }, undefined],
    // A new number, the same account.
    [{ pn: BRUNO, lid: BRUNO_LID }, { pn: MALLORY, lid: BRUNO_LID }, true],
  ] as const)("%j and %j are the same: %s", (a, b, same) => {
    const [one, other] = [a, b].map((each: { pn?: string; lid?: string }) => personOf(each.pn, each.lid));
    expect(one && other && isSame(one, other)).toBe(same);
  });

  it("are not made of what is no address", () => {
    expect(personOf(undefined, null, "", "@lid", "nobody")).toBeUndefined();
  });
});

describe("the authors of messages", () => {
  it("are those of the last thousand", () => {
    const authors = new MessageAuthors();
    const author = { pn: BRUNO, lid: undefined };
    for (let at = 0; at <= 1_000; at += 1) authors.remember(`m${at}`, { group: GROUP, author });
    expect(authors.find("m0")).toBeUndefined();
    expect(authors.find("m1")).toEqual({ group: GROUP, author });
    expect(authors.find("m1000")).toBe(authors.find("m1"));
  });
});
