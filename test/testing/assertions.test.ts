/** Assertions of tests that explain themselves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { RawClient } from "./raw-client.js";

describe("what a test expects of a phone", () => {
  let emulator: WhatsAppEmulator;
  let ana: VirtualPhone;
  let bruno: VirtualPhone;
  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start({ seed: 1, now: () => 1_700_000_000_000 });
    ana = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
    bruno = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });
  });
  afterEach(() => emulator.stop());

  it("is a message by any of its properties, now or later", async () => {
    const question = ana.sendText(bruno, "shall we?");
    expect(await bruno.expectMessage({ text: /^shall/u, from: ana, chat: ana, kind: "text" })).toMatchObject({
      id: question.id,
    });
    const later = ana.expectMessage({ quote: question.id, text: "yes" });
    bruno.sendText(ana, "yes", { quote: question.id });
    await later;
    const buttons = [{ id: "b1", text: "Today" }];
    ana.send(bruno, { kind: "buttons", text: "when?", buttons });
    await bruno.expectMessage({ button: "Today" });
    await bruno.expectMessage({ button: "b1", kind: "buttons" });
    const reacted = ana.expectMessage({ reaction: "👍", status: "delivered" });
    bruno.react(question.id, "👍");
    await reacted;
    ana.edit(question.id, "shall we go?");
    await bruno.expectMessage({ edited: true, text: "shall we go?" });
  });

  it("says what came closest, what the chats show and what was exchanged", async () => {
    ana.sendText(bruno, "hello");
    ana.sendText(bruno, "hello back?");
    const late = bruno.expectMessage({ text: "hello back", from: ana }, { timeoutMs: 1 });
    await expect(late).rejects.toMatchObject({
      code: "TIMEOUT",
      message:
        'Timed out after 1 ms waiting for a message with text "hello back", from "5511999990001@s.whatsapp.net" on 5511999990002; ' +
        'closest is one whose text is "hello back?" instead of "hello back"; its chats:\n' +
        "# Ana\nAna: hello\nAna: hello back?\n; no stanza was exchanged",
    });
    const alone = emulator.addPhone({ phoneNumber: "5511999990003" });
    await expect(alone.expectMessage({ kind: "image" }, { timeoutMs: 1 })).rejects.toThrow(
      'waiting for a message with kind "image" on 5511999990003; it has no message',
    );
    const client = await new RawClient(emulator.url).opened();
    client.sendHello();
    await expect(ana.expectMessage({ kind: "poll", button: "x" }, { timeoutMs: 1 })).rejects.toThrow(
      'closest is one whose kind is "text" instead of "poll", button is [] instead of "x"',
    );
    client.terminate();
  });

  it("is a snapshot of a chat as a person sees it, the same in every run", () => {
    const group = ana.createGroup("Friends", [bruno]);
    const { id } = ana.sendText(bruno, "shall we?\nreally?");
    bruno.react(id, "👍");
    bruno.sendText(ana, "yes, @5511999990001", { quote: id, mentions: [ana] });
    const { id: gone } = bruno.sendText(ana, "no");
    bruno.revoke(gone);
    ana.edit(id, "shall we go?");
    ana.sendMedia(bruno, { kind: "image", bytes: Buffer.alloc(100), caption: "look", viewOnce: true });
    ana.send(bruno, { kind: "location", latitude: 1, longitude: 2, name: "Sé" });
    ana.send(bruno, { kind: "contacts", contacts: [{ name: "Carla", vcard: "x" }] });
    const poll = ana.send(group, { kind: "poll", name: "When?", options: ["today", "tomorrow"] });
    bruno.vote(poll.id, ["tomorrow"]);
    const menu = ana.send(group, {
      ...{ kind: "list", text: "what?", button: "Menu" },
      rows: [{ id: "p", text: "Pizza" }],
    });
    bruno.choose(menu.id, "Pizza");
    bruno.setDisappearing(ana, 60);
    bruno.forward(poll.id, ana);
    expect(bruno.snapshot()).toMatchInlineSnapshot(`
      "# Ana
      Ana: shall we go? (edited) 👍 Bruno
      Bruno: yes, @5511999990001 (reply to "shall we?\\nreally?", mentions Ana)
      Bruno: [revoked]
      Ana: [image 100 bytes] look (view once)
      Ana: [location 1,2 Sé]
      Ana: [contacts Carla]
      Bruno: [poll today | tomorrow] When? (forwarded, disappears after 60 s)

      # Friends
      Ana: [poll today | tomorrow ← Bruno] When?
      Ana: [list Menu: Pizza] what?
      Bruno: [chose p] Pizza (reply to "what?")"
    `);
    expect(bruno.snapshot(group)).toBe(ana.snapshot(group));
  });
});

describe("an emulator at the end of a test", () => {
  it("is clean, or says by whom the protocol was broken", async () => {
    await using emulator = await WhatsAppEmulator.start();
    emulator.assertClean();
    const client = await new RawClient(emulator.url).opened();
    const caught = emulator.waitFor("protocol-violation");
    client.sendBytes(Buffer.from("nonsense"));
    const { problem } = await caught;
    expect(() => emulator.assertClean()).toThrow(`a client: ${problem}\nlast stanzas:\n`);
    client.terminate();
  });
});
