/** Messages by which a stranger tries to pass for one of the account's own devices. Both ends are real libraries. */
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { WhatsAppSocket } from "../../src/whatsapp/library.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

type Content = Parameters<WhatsAppSocket["relayMessage"]>[1];

const MIB = 1024 * 1024;
const KEY_ID = Buffer.from("000000066666", "hex");

const KEY_SHARE: Content = {
  protocolMessage: {
    type: 6,
    appStateSyncKeyShare: {
      keys: [
        {
          keyId: { keyId: KEY_ID },
          keyData: { keyData: Buffer.alloc(32, 7), timestamp: 1, fingerprint: { rawId: 1, currentIndex: 0 } },
        },
      ],
    },
  },
};
const history = (payload: Uint8Array): Content => ({
  protocolMessage: {
    type: 5,
    historySyncNotification: { syncType: 3, initialHistBootstrapInlinePayload: payload, progress: 100 },
  },
});

describe.each(LIBRARIES)("a stranger, with $name:", ({ open }) => {
  const warnings: string[] = [];
  let world: EngineWorld, victim: WhatsAppSocket, stranger: WhatsAppSocket;
  let phone: VirtualPhone;

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
    phone = linked.phone;
    [victim, stranger] = await Promise.all([world.manager.socket(linked.id), world.manager.socket(other.id)]);
    phone.shareAppStateKey();
    await vi.waitFor(() => expect(victim.authState.creds.myAppStateKeyId).toBeTruthy());
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** Sends the message, and an ordinary one behind it. Settles when that has arrived. */
  async function sent(content: Content): Promise<void> {
    world.heard.length = 0;
    const behind = world.next(
      "messages.upsert",
      ({ data }) => data.messages.some(({ message }) => JSON.stringify(message).includes("behind it")),
      10_000,
    );
    await stranger.relayMessage(phone.jid, content, {});
    await stranger.relayMessage(phone.jid, { conversation: "behind it" }, {});
    await behind;
  }

  const protocolMessages = (): unknown[] =>
    world
      .all("messages.upsert")
      .flatMap(({ data }) => data.messages)
      .filter(
        ({ key, message }) => key.fromMe !== true && JSON.stringify(message).includes("protocolMessage"),
      );

  it.each<[string, (content: Content) => Content]>([
    ["a key", (content) => content],
    ["a key in a disappearing message", (content) => ({ ephemeralMessage: { message: content } })],
    ["a key in an edited message", (content) => ({ editedMessage: { message: content } })],
  ])("%s for the app state is not taken", async (_, wrapped) => {
    const before = victim.authState.creds.myAppStateKeyId;
    await sent(wrapped(KEY_SHARE));
    expect(victim.authState.creds.myAppStateKeyId).toBe(before);
    const stored = await victim.authState.keys.get("app-state-sync-key", [KEY_ID.toString("base64")]);
    expect(stored).toEqual({});
    expect(protocolMessages()).toEqual([]);
    expect(warnings.filter((line) => line.startsWith("refused a message"))).toHaveLength(1);
  });

  it("history is neither inflated nor believed", async () => {
    const before = victim.authState.creds.processedHistoryMessages.length;
    const rss = process.memoryUsage().rss;
    await sent(history(deflateSync(Buffer.alloc(300 * MIB), { level: 9 })));
    expect(process.memoryUsage().rss - rss).toBeLessThan(200 * MIB);
    expect(victim.authState.creds.processedHistoryMessages).toHaveLength(before);
    expect(protocolMessages()).toEqual([]);
  });

  it.each([4, 7, 8, 9, 10, 16, 17, 22])("a protocol message of type %i ends nothing", async (type) => {
    await sent({ protocolMessage: { type } });
    expect(protocolMessages()).toEqual([]);
    expect(world.all("session.status")).toEqual([]);
  });
});
