/** What the emulator keeps of accounts and groups has its effects; what it does not model is refused and recorded. */
import { beforeEach, afterEach, describe, expect, it, vi } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { ALL_LIBRARIES, BaileysClient, linkedClient, number } from "./baileys-client.js";

describe.each(ALL_LIBRARIES)("an account with $name", (library) => {
  let emulator: WhatsAppEmulator;
  let owner: VirtualPhone;
  let friend: VirtualPhone;
  let client: BaileysClient;
  beforeEach(async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    ({ emulator, owner, friend, client } = await linkedClient(library));
  });
  afterEach(async () => {
    await client.end();
    await emulator.stop();
    vi.restoreAllMocks();
    expect(emulator.violations).toEqual([]);
  });

  it("gets its traffic at once, unless it is passive at its login", () => {
    const lines = emulator.transcript().split("\n");
    const first = (part: RegExp): number => lines.findIndex((line) => part.test(line));
    const [login, asked, offline] = [first(/<success/u), first(/xmlns="passive"/u), first(/<offline /u)];
    expect(offline).toBeGreaterThan(login);
    // Baileys 6 is the one that is not passive; it asks all the same.
    if (library.name === "Baileys 6.17.16") expect(offline).toBe(login + 1);
    else expect(offline).toBeGreaterThan(asked);
  });

  it("hides what its privacy says", async () => {
    friend.changePicture();
    expect(await client.socket.profilePictureUrl(friend.jid)).toContain(emulator.media.origin);
    friend.setPrivacy("profile", "none");
    await expect(client.socket.profilePictureUrl(friend.jid)).rejects.toThrow("not-authorized");
    friend.setPrivacy("groupadd", "none");
    const { id } = await client.socket.groupCreate("Group", []);
    expect(await client.socket.groupParticipantsUpdate(id, [friend.jid], "add")).toMatchObject([
      { status: "403", jid: friend.jid },
    ]);
    expect(() => friend.setPrivacy("groupadd", "strangers")).toThrow("no privacy setting");
    friend.setPrivacy("readreceipts", "none");
    const sent = await client.socket.sendMessage(friend.jid, { text: "read me" });
    const { id: messageId } = await friend.waitForMessage(({ text }) => text === "read me");
    await owner.waitForMessage((entry) => entry.id === sent?.key.id);
    friend.read(messageId);
    expect(friend.message(messageId).status).toBe("read");
    expect(emulator.transcript()).not.toMatch(/<receipt[^>]*type="read"/u);
    expect(emulator.unknownQueries).toEqual([]);
  });

  it("keeps the picture of a group, and who may change it", async () => {
    const group = friend.createGroup("Group", [owner]);
    group.update(friend, { locked: true });
    const picture = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await expect(client.socket.updateProfilePicture(group.jid, picture)).rejects.toThrow("forbidden");
    group.promote(friend, owner);
    await client.socket.updateProfilePicture(group.jid, picture);
    expect(group.picture?.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
    expect(await client.socket.profilePictureUrl(group.jid)).toContain(emulator.media.origin);
    expect(emulator.unknownQueries).toEqual([]);
  });

  it("does not write where only admins may", async () => {
    const group = friend.createGroup("Group", [owner]);
    group.update(friend, { announcement: true });
    await client.socket.sendMessage(group.jid, { text: "may I?" });
    await expect.poll(() => emulator.transcript()).toMatch(/<ack class="message"[^>]*error="403"/u);
    expect(() => owner.sendText(group, "may I?")).toThrow("Only admins may write");
    friend.sendText(group, "only me");
    await client.until(() => client.texts.includes("only me"));
    expect(friend.messages.map(({ text }) => text)).toEqual(["only me"]);
  });

  it("learns of a new number of a contact, which is found by both", async () => {
    const before = friend.jid;
    const { id } = friend.sendText(owner, "my old number");
    const notified = emulator.waitFor("ack", ({ class: kind }) => kind === "notification");
    await client.received(({ key }) => key.id === id);
    friend.changeNumber(number());
    await notified;
    expect(friend.jid).not.toBe(before);
    await client.socket.sendMessage(before, { text: "still you?" });
    await friend.waitForMessage(({ text }) => text === "still you?");
    friend.sendText(owner, "my new number");
    const got = await client.received(({ message }) => message?.conversation === "my new number");
    expect(got.key.remoteJid).toBe(friend.jid);
    friend.edit(id, "my former number");
    expect(owner.message(id)).toMatchObject({ text: "my former number", edits: 1 });
    expect(() => friend.changeNumber(owner.phoneNumber)).toThrow("already");
  });
});

describe("what the emulator does not model", () => {
  it("refuses communities, and records that it was asked for one", async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    await using emulator = await WhatsAppEmulator.start();
    const library = ALL_LIBRARIES.find(({ name }) => name === "Baileys 7");
    if (library === undefined) throw new Error("no Baileys 7");
    const client = await new BaileysClient(library, emulator).link(
      emulator.addPhone({ phoneNumber: number() }),
    );
    const { communityCreate } = client.socket as unknown as {
      readonly communityCreate: (subject: string, body: string) => Promise<unknown>;
    };
    await expect(communityCreate("All", "of us")).rejects.toThrow("feature-not-implemented");
    expect(emulator.unknownQueries).toMatchObject([{ xmlns: "w:g2", type: "set", child: "create" }]);
    expect(emulator.groups).toEqual([]);
    await client.end();
    vi.restoreAllMocks();
  });
});
