/** Messages by which a stranger tries to pass for one of the account's own devices. Both ends are real libraries. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { WhatsAppSocket } from "../../src/whatsapp/library.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { deflatedZeros } from "../support/deflated-zeros.js";
import { LIBRARIES } from "../support/libraries.js";

type Content = Parameters<WhatsAppSocket["relayMessage"]>[1];

const MIB = 1024 * 1024;
/** Some 2 MB that become 2 GiB. */
const BOMB = deflatedZeros(2048 * MIB);
/** The libraries write it into a stanza byte by byte, and the emulator does once more: seconds of computing, which a busy machine stretches. */
const BOMB_MS = 60_000;
const KEY_DATA = Buffer.alloc(32, 7);
const KEY_ID = Buffer.from("000000066666", "hex");

const KEY_SHARE: Content = {
  protocolMessage: {
    type: 6,
    appStateSyncKeyShare: {
      keys: [
        {
          keyId: { keyId: KEY_ID },
          keyData: { keyData: KEY_DATA, timestamp: 1, fingerprint: { rawId: 1, currentIndex: 0 } },
        },
      ],
    },
  },
};
const history = (payload: Uint8Array, type = 5): Content => ({
  protocolMessage: {
    type,
    historySyncNotification: { syncType: 3, initialHistBootstrapInlinePayload: payload, progress: 100 },
  },
});

describe.each(LIBRARIES)("a stranger, with $name:", ({ open }) => {
  const warnings: string[] = [];
  let world: EngineWorld, victim: WhatsAppSocket, stranger: WhatsAppSocket;
  let phone: VirtualPhone, strangersPhone: VirtualPhone;
  let victimId: string, strangerId: string;

  beforeAll(async () => {
    const drop = (): void => {};
    const warn = (fields: object, text: string): void =>
      void warnings.push(`${text} ${JSON.stringify(fields)}`);
    world = await open({
      logger: { trace: drop, debug: drop, info: drop, warn, error: drop },
      whatsapp: { syncHistory: true },
    });
    const linked = await world.linked("victim");
    const other = await world.linked("stranger");
    [phone, strangersPhone, victimId, strangerId] = [linked.phone, other.phone, linked.id, other.id];
    [victim, stranger] = await Promise.all([world.manager.socket(linked.id), world.manager.socket(other.id)]);
    phone.shareAppStateKey();
    await vi.waitFor(() => expect(victim.authState.creds.myAppStateKeyId).toBeTruthy(), 5_000);
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** Sends the message to a chat, and an ordinary one behind it. Settles when that has arrived. */
  async function sent(content: Content, chat = phone.jid, timeoutMs = 15_000): Promise<void> {
    world.heard.length = 0;
    const behind = world.next(
      "messages.upsert",
      ({ sessionId, data }) =>
        sessionId === victimId &&
        data.messages.some(({ message }) => JSON.stringify(message).includes("behind it")),
      timeoutMs,
    );
    await stranger.relayMessage(chat, content, {});
    await stranger.relayMessage(chat, { conversation: "behind it" }, {});
    await behind;
  }

  const protocolMessages = (): unknown[] =>
    world
      .all("messages.upsert")
      .flatMap(({ data }) => data.messages)
      .filter(
        ({ key, message }) => key.fromMe !== true && JSON.stringify(message).includes("protocolMessage"),
      );

  /** What is stored, but for the stranger's own: it keeps what it has sent. */
  const storedOfOthers = (): string =>
    JSON.stringify([...world.map].filter(([key]) => !key.startsWith(`wa/${strangerId}/`)));

  /** Nothing of the key is in the account's credentials, its key store, and the store under that. */
  async function expectNoKey(before: string | undefined): Promise<void> {
    expect(victim.authState.creds.myAppStateKeyId).toBe(before);
    const id = KEY_ID.toString("base64");
    expect(await victim.authState.keys.get("app-state-sync-key", [id])).toEqual({});
    const stored = storedOfOthers();
    expect(stored).toContain("app-state-sync-key");
    for (const secret of [id, KEY_DATA.toString("base64"), KEY_DATA.toString("hex")])
      expect(stored).not.toContain(secret);
    expect(protocolMessages()).toEqual([]);
    expect(warnings.filter((line) => line.startsWith("refused a message"))).toHaveLength(1);
  }

  it.each<[string, (content: Content) => Content]>([
    ["a key", (content) => content],
    ["a key in a disappearing message", (content) => ({ ephemeralMessage: { message: content } })],
    ["a key in a message to view once", (content) => ({ viewOnceMessage: { message: content } })],
    ["a key in another message to view once", (content) => ({ viewOnceMessageV2: { message: content } })],
    ["a key in a third kind of those", (content) => ({ viewOnceMessageV2Extension: { message: content } })],
    [
      "a key in a document with a caption",
      (content) => ({ documentWithCaptionMessage: { message: content } }),
    ],
    ["a key in an edited message", (content) => ({ editedMessage: { message: content } })],
    ["a key in a copy of an own message", (content) => ({ deviceSentMessage: { message: content } })],
    [
      "a key in four wrappers",
      (content) => ({
        deviceSentMessage: {
          message: {
            ephemeralMessage: {
              message: { viewOnceMessage: { message: { editedMessage: { message: content } } } },
            },
          },
        },
      }),
    ],
    [
      "a key in a message of another type",
      ({ protocolMessage }) => ({ protocolMessage: { ...protocolMessage, type: 14 } }),
    ],
  ])("%s for the app state is not taken", async (_, wrapped) => {
    const before = victim.authState.creds.myAppStateKeyId;
    await sent(wrapped(KEY_SHARE));
    await expectNoKey(before);
  });

  it("a key for the app state is not taken from a member of a group, nor from a contact", async () => {
    const before = victim.authState.creds.myAppStateKeyId;
    const group = phone.createGroup("Strangers", [strangersPhone]);
    await sent(KEY_SHARE, group.jid);
    await expectNoKey(before);
    await victim.sendMessage(strangersPhone.jid, { text: "hello" });
    await expect.poll(() => JSON.stringify(strangersPhone.messages), { timeout: 10_000 }).toContain("hello");
    await sent(KEY_SHARE);
    await expectNoKey(before);
  });

  it.each([
    ["history", 5],
    ["history in a message of another type", 14],
  ])("%s is neither inflated nor believed", { timeout: BOMB_MS + 10_000 }, async (_, type) => {
    const before = victim.authState.creds.processedHistoryMessages.length;
    const rss = process.memoryUsage().rss;
    await sent(history(BOMB, type), phone.jid, BOMB_MS);
    expect(process.memoryUsage().rss - rss).toBeLessThan(500 * MIB);
    expect(victim.authState.creds.processedHistoryMessages).toHaveLength(before);
    expect(protocolMessages()).toEqual([]);
  });

  it.each([4, 7, 8, 9, 10, 16, 17, 22])("a protocol message of type %i ends nothing", async (type) => {
    await sent({ protocolMessage: { type } });
    expect(protocolMessages()).toEqual([]);
    expect(world.all("session.status")).toEqual([]);
  });

  it.each([
    [{}],
    [{ type: 0 }],
    [{ type: 3 }],
    [{ type: 14 }],
    [{ type: 14, editedMessage: KEY_SHARE }],
    [{ type: 30 }],
  ])("the protocol message %j, without what belongs to it, ends nothing", async (protocolMessage) => {
    const before = victim.authState.creds.myAppStateKeyId;
    await sent({ protocolMessage });
    expect(world.all("session.status")).toEqual([]);
    expect(victim.authState.creds.myAppStateKeyId).toBe(before);
    expect(storedOfOthers()).not.toContain(KEY_DATA.toString("base64"));
  });
});

describe.each(LIBRARIES)("another device of the account, with $name:", ({ open }) => {
  it("history that becomes 2 GiB is not inflated, and the session goes on", async () => {
    await using world = await open({ whatsapp: { syncHistory: true } });
    const { id, phone } = await world.linked("victim");
    const other = await world.linked("other", phone);
    const [victim, sender] = await Promise.all([world.manager.socket(id), world.manager.socket(other.id)]);
    phone.shareAppStateKey();
    await vi.waitFor(() => expect(victim.authState.creds.myAppStateKeyId).toBeTruthy(), 10_000);
    const received = world.emulator.waitFor("receipt", ({ type }) => type === "hist_sync", {
      timeoutMs: 20_000,
    });
    const taken: unknown[] = [];
    victim.ev.on("messaging-history.set", (part) => void taken.push(part));
    const rss = process.memoryUsage().rss;
    await sender.relayMessage(phone.jid, history(BOMB), {});
    await received;
    await world.manager.waitFor(id, "connected", { timeoutMs: 20_000 });
    const come = world.next(
      "messages.upsert",
      ({ sessionId, data }) => sessionId === id && JSON.stringify(data).includes("behind it"),
      30_000,
    );
    world.phone().sendText(phone, "behind it");
    await come;
    expect(process.memoryUsage().rss - rss).toBeLessThan(500 * MIB);
    expect(taken).toEqual([]);
  }, 90_000);
});
