/** Who may revoke and edit a message. The libraries ask nobody; the engine asks. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Authorship, AuthorshipMark } from "../../src/api/authorship.js";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import type { SessionEventName, SessionEvents } from "../../src/api/events.js";
import { webhookPayloadSchema } from "../../src/events/payload-schemas.js";
import { createMetrics } from "../../src/metrics/index.js";
import type { VirtualGroup, VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld, Heard } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { Receiver } from "../support/receiver.js";

/** A revoke or edit, as it was passed on. */
interface Passed {
  readonly by: "messages.upsert" | "messages.update";
  readonly authorship: Authorship | undefined;
  readonly claimedBy: string | undefined;
}

let count = 0;

function isOf<Name extends SessionEventName>(
  name: Name,
  heard: Heard,
): heard is Heard & { readonly name: Name; readonly event: SessionEvents[Name] } {
  return heard.name === name;
}

async function firstOf(stream: AsyncIterable<StreamedEvent>): Promise<unknown> {
  for await (const event of stream) if ("body" in event) return JSON.parse(event.body);
  return undefined;
}

describe.each(LIBRARIES)("with $name: a revoke or an edit", ({ name, open }) => {
  const warnings: string[] = [];
  let world: EngineWorld;
  let session: string;
  let ana: VirtualPhone, bruno: VirtualPhone, mallory: VirtualPhone;
  let group: VirtualGroup;

  beforeAll(async () => {
    const drop = (): void => {};
    const warn = (fields: object, words: string): void =>
      void warnings.push(`${words} ${JSON.stringify(fields)}`);
    world = await open({
      logger: { trace: drop, debug: drop, info: drop, warn, error: drop },
      webhooks: { allowPrivateTargets: true },
      whatsapp: { connectTimeoutMs: 10_000, loginTimeoutMs: 10_000 },
    });
    ({ id: session, phone: ana } = await world.linked("session", world.phone("Ana")));
  });
  beforeEach(async () => {
    [bruno, mallory] = [world.phone("Bruno"), world.phone("Mallory")];
    group = bruno.createGroup("Family", [ana, mallory]);
    await world.manager.waitFor(session, "connected");
    world.heard.length = 0;
    warnings.length = 0;
  });
  afterAll(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
  });

  const messages = () => world.all("messages.upsert").flatMap(({ data }) => data.messages);
  const refusals = () => world.all("message.refused");
  const includes = (words: string) => (event: SessionEvents["messages.upsert"]) =>
    JSON.stringify(event.data.messages).includes(words);

  /** Sends a text. Settles with its id when the session has it. */
  async function said(
    phone: VirtualPhone,
    to: VirtualPhone | VirtualGroup = group,
    addressing: "pn" | "lid" = "pn",
  ): Promise<string> {
    const words = `words ${(count += 1)}`;
    const heard = world.next("messages.upsert", includes(words), 10_000);
    const { id } = phone.sendText(to, words, { addressing });
    await heard;
    return id;
  }

  /** What the session heard of revokes and edits of a message. */
  function claims(id: string): readonly Passed[] {
    const marks = (by: Passed["by"], items: readonly object[]): Passed[] =>
      items.map((item) => {
        const { authorship, claimedBy } = item as Partial<AuthorshipMark>;
        return { by, authorship, claimedBy };
      });
    return world.heard.flatMap((heard) => {
      if (isOf("messages.upsert", heard)) {
        const { messages: all } = heard.event.data;
        return marks(
          heard.name,
          all.filter(({ message }) => message?.protocolMessage?.key?.id === id),
        );
      }
      if (!isOf("messages.update", heard)) return [];
      const about = heard.event.data.filter(
        ({ key, update }) => key.id === id && update.status === undefined,
      );
      return marks(
        heard.name,
        about.map(({ update }) => update),
      );
    });
  }

  /** Does something about a message, and returns what the session hears of it until the next message of Bruno in the chat. */
  async function heard(id: string, act: () => unknown, to: VirtualPhone | VirtualGroup = group) {
    const before = claims(id).length;
    act();
    await said(bruno, to);
    return claims(id).slice(before);
  }

  const revoked = (authorship: Authorship, { jid: claimedBy }: { readonly jid: string }): Passed[] =>
    (["messages.upsert", "messages.update"] as const).map((by) => ({ by, authorship, claimedBy }));
  /** whaileys makes no update of an edit. */
  const edited = (authorship: Authorship, by: { readonly jid: string }): Passed[] =>
    name === "whaileys" ? revoked(authorship, by).slice(0, 1) : revoked(authorship, by);

  it("by the author is passed on as that, in a group and in a chat of two", async () => {
    for (const chat of [group, ana]) {
      const id = await said(bruno, chat);
      expect(await heard(id, () => bruno.edit(id, "better words"), chat)).toEqual(edited("author", bruno));
      expect(await heard(id, () => bruno.revoke(id), chat)).toEqual(revoked("author", bruno));
    }
    expect(refusals()).toEqual([]);
  });

  it("by the session itself is the author's", async () => {
    const socket = await world.manager.socket(session);
    const sent = await socket.sendMessage(group.jid, { text: "my own words" });
    const id = sent?.key.id ?? "";
    const told = world.next("messages.update", ({ data }) => data.some(({ update }) => "message" in update));
    if (sent?.key !== undefined) await socket.sendMessage(group.jid, { delete: sent.key });
    await told;
    expect(claims(id)).toEqual(revoked("author", ana));
    expect(refusals()).toEqual([]);
  });

  it("by an admin of the group is passed on as that, if it is a revoke", async () => {
    const id = await said(mallory);
    expect(await heard(id, () => bruno.forge.edit(id, "other words"))).toEqual([]);
    expect(refusals()).toMatchObject([{ kind: "edit", claimedBy: bruno.jid, messageId: id }]);
    expect(await heard(id, () => bruno.revoke(id))).toEqual(revoked("admin", bruno));
    expect(refusals()).toHaveLength(1);
  });

  it.each([
    ["names the author", false],
    ["pretends to be the author", true],
  ])("by another member is refused and reported, whether it %s or not", async (_, asAuthor) => {
    using metrics = createMetrics(world.manager);
    const id = await said(bruno);
    for (const kind of ["revoke", "edit"] as const) {
      const forge = (): unknown =>
        kind === "revoke"
          ? mallory.forge.revoke(id, { asAuthor })
          : mallory.forge.edit(id, "the meeting is at 10", { asAuthor });
      expect(await heard(id, forge)).toEqual([]);
      const refusal = { kind, claimedBy: mallory.jid, chat: group.jid, messageId: id };
      expect(refusals().at(-1)).toEqual({ ...refusal, sessionId: session });
      expect(await heard(id, forge)).toEqual([]);
      expect(warnings.filter((line) => line.includes(mallory.jid) && line.includes(kind))).toHaveLength(1);
      const figures = await metrics.text();
      expect(figures).toContain(`zpwoot_messages_refused_total{kind="${kind}"} 2`);
    }
    expect(refusals()).toHaveLength(4);
    expect(ana.messages.find((message) => message.id === id)?.status).not.toBe("revoked");
  });

  it("reaches webhooks with who sent it, and streams also when it was refused", async () => {
    await using receiver = await Receiver.start();
    const events = ["messages.upsert", "messages.update"] as const;
    await world.manager.update(session, { webhook: { url: receiver.url, events: [...events] } });
    const stop = new AbortController();
    const refused = firstOf(world.manager.events({ events: ["message.refused"], signal: stop.signal }));
    const id = await said(bruno);
    mallory.forge.revoke(id);
    bruno.revoke(id);
    await receiver.until((all) => all.some(({ json }) => json.event === "messages.update"));
    const bodies = receiver.received.map(({ json }) => webhookPayloadSchema.parse(json));
    const update = bodies.find(({ event }) => event === "messages.update");
    const mark = { authorship: "author", claimedBy: bruno.jid };
    expect(update?.data).toMatchObject([{ key: { id }, update: mark }]);
    expect(JSON.stringify(bodies)).not.toContain(mallory.phoneNumber);
    expect(await refused).toMatchObject({
      sessionId: session,
      data: { claimedBy: mallory.jid, messageId: id },
    });
    stop.abort();
    await world.manager.update(session, { webhook: null });
  });

  it("that was refused is a member's no more when the member is made an admin", async () => {
    const id = await said(bruno);
    expect(await heard(id, () => mallory.forge.revoke(id))).toEqual([]);
    group.promote(bruno, mallory);
    expect(await heard(id, () => mallory.revoke(id))).toEqual(revoked("admin", mallory));
  });

  it("in a chat of two is refused, if it is of the other's message, or of a third one's", async () => {
    const third = await said(bruno, ana);
    expect(await heard(third, () => mallory.forge.revoke(third, { to: ana }), ana)).toEqual([]);
    const own = await said(ana, mallory);
    expect(await heard(own, () => mallory.forge.revoke(own), ana)).toEqual([]);
    expect(await heard(own, () => mallory.forge.edit(own, "I owe you", { asAuthor: true }), ana)).toEqual([]);
    expect(refusals().map(({ chat, claimedBy }) => ({ chat, claimedBy }))).toEqual(
      Array.from({ length: 3 }, () => ({ chat: mallory.jid, claimedBy: mallory.jid })),
    );
  });

  it("by the admin of another group is refused", async () => {
    const id = await said(bruno);
    const other = mallory.createGroup("Other", [ana, bruno]);
    expect(await heard(id, () => mallory.forge.revoke(id, { to: other }), other)).toEqual([]);
    expect(refusals()).toMatchObject([{ claimedBy: mallory.jid, chat: other.jid, messageId: id }]);
  });

  it.each([
    ["a message by phone number", "pn", "lid"],
    ["a message by LID", "lid", "pn"],
  ] as const)("of %s may come from the author's other address", async (_, of, by) => {
    for (const chat of [group, ana]) {
      const id = await said(bruno, chat, of);
      // Baileys 7 asks for the first message from another address again.
      const told = world.next("messages.update", ({ data }) => data.some(({ key }) => key.id === id));
      bruno.revoke(id, { addressing: by });
      await told;
      expect(claims(id).map(({ authorship }) => authorship)).toEqual(["author", "author"]);
    }
    const id = await said(bruno, group, of);
    const refused = world.next("message.refused");
    mallory.forge.revoke(id, { addressing: by });
    expect(await refused).toMatchObject({ messageId: id });
    expect(claims(id)).toEqual([]);
  });

  it("of a message that the session does not know is passed on as unverified, unless it names another author", async () => {
    const late = bruno.createGroup("Late", [mallory]);
    const { id } = bruno.sendText(late, "before Ana came");
    late.add(bruno, ana);
    expect(await heard(id, () => mallory.forge.revoke(id), late)).toEqual([]);
    expect(refusals()).toMatchObject([{ claimedBy: mallory.jid, messageId: id }]);
    const pretended = await heard(id, () => mallory.forge.revoke(id, { asAuthor: true }), late);
    expect(pretended).toEqual(revoked("unverified", mallory));
    expect(await heard(id, () => bruno.revoke(id), late)).toEqual(revoked("unverified", bruno));
    expect(refusals()).toHaveLength(1);
  });

  it("by an admin is verified even if the session does not know the message", async () => {
    const late = bruno.createGroup("Late", [mallory]);
    const { id } = mallory.sendText(late, "before Ana came");
    late.add(bruno, ana);
    expect(await heard(id, () => bruno.revoke(id), late)).toEqual(revoked("admin", bruno));
  });

  it("that is forged leaves a message alone that arrives with it after an absence", async () => {
    for (const phone of [bruno, mallory]) await said(phone);
    await world.manager.disconnect(session);
    const { id } = bruno.sendText(group, "the meeting is at 9");
    mallory.forge.revoke(id);
    const { id: other } = bruno.sendText(group, "and do come");
    bruno.revoke(other);
    await world.manager.connect(session);
    await vi.waitFor(() => expect(claims(other)[0]).toEqual(revoked("author", bruno)[0]), 10_000);
    const [message] = messages().filter(({ key }) => key.id === id);
    expect(message?.message?.conversation).toBe("the meeting is at 9");
    expect(claims(id)).toEqual([]);
    expect(refusals()).toMatchObject([{ claimedBy: mallory.jid, messageId: id }]);
  });

  it("is passed on as unverified when WhatsApp does not say who is an admin", async () => {
    const id = await said(mallory);
    world.emulator.faults.add({ at: "query", query: { xmlns: "w:g2" }, action: { error: 500 } });
    expect(await heard(id, () => bruno.revoke(id))).toEqual(revoked("unverified", bruno));
  });

  it("keeps its place among the messages while WhatsApp is asked for the admins", async () => {
    const id = await said(mallory);
    const asked = world.emulator.waitFor("fault");
    world.emulator.faults.add({ at: "query", query: { xmlns: "w:g2" }, action: { delayMs: 500 } });
    const last = world.next("messages.upsert", includes("the last one"));
    bruno.revoke(id);
    await asked;
    bruno.sendText(ana, "the last one");
    await last;
    const told = messages().slice(-2);
    expect(told[0]?.message?.protocolMessage?.key?.id).toBe(id);
    expect(told[1]?.message?.conversation).toBe("the last one");
    expect(claims(id)).toEqual(revoked("admin", bruno));
  });

  it("that waits for an answer is passed on when the session is disconnected", async () => {
    const id = await said(mallory);
    const asked = world.emulator.waitFor("fault");
    world.emulator.faults.add({ at: "query", query: { xmlns: "w:g2" }, action: "drop" });
    bruno.revoke(id);
    await asked;
    await world.manager.disconnect(session);
    expect(claims(id).slice(0, 1)).toEqual(revoked("unverified", bruno).slice(0, 1));
  });
});
