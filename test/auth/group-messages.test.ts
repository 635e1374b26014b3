/** Real group crypto of the library over our key store. */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import type { AuthState } from "../../src/whatsapp/library.js";
import { openStore } from "../../src/store/open-store.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const library = loadWhaileys();
const require = createRequire(import.meta.url);
const {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyName,
  SenderKeyRecord,
  SenderKeyDistributionMessage,
} = require("whaileys/WASignalGroup");

const NAME = new SenderKeyName("120363000000000001@g.us", {
  id: "5511999990001",
  deviceId: 0,
  toString: () => "5511999990001.0",
});

/** The sender-key store that the library's Signal repository makes of a key store. */
function senderKeys(auth: AuthState) {
  const id = String(NAME);
  return {
    loadSenderKey: async () => {
      const { [id]: key } = await auth.keys.get("sender-key", [id]);
      return key ? new SenderKeyRecord(key) : undefined;
    },
    storeSenderKey: (_name: unknown, record: { serialize(): unknown }) =>
      auth.keys.set({ "sender-key": { [id]: record.serialize() } }),
  };
}

/** With its credentials stored: keys without any are dropped, as of an identity that is gone. */
async function load(map: Map<string, unknown>, sessionId: string): Promise<AuthState> {
  const auth = await loadAuthState({ store: openStore(map), sessionId, library });
  await auth.save();
  return auth;
}

/** A sender, and a receiver that has its key. `receiver()` may give the same keys from another auth state each time. */
async function group(receiver: () => Promise<ReturnType<typeof senderKeys>>) {
  const sender = senderKeys(await load(new Map(), randomUUID()));
  await sender.storeSenderKey(NAME, new SenderKeyRecord());
  const distribution = await new GroupSessionBuilder(sender).create(NAME);
  const first = await receiver();
  await first.storeSenderKey(NAME, new SenderKeyRecord());
  await new GroupSessionBuilder(first).process(
    NAME,
    new SenderKeyDistributionMessage(null, null, null, null, distribution.serialize()),
  );
  const cipher = new GroupCipher(sender, NAME);
  return {
    encrypt: (text: string): Promise<Buffer> => cipher.encrypt(Buffer.from(text)),
    decrypt: async (message: Buffer): Promise<string> =>
      Buffer.from(await new GroupCipher(await receiver(), NAME).decrypt(message)).toString(),
  };
}

describe("group messages", () => {
  it("that arrive out of order are read, each after a round trip through the store", async () => {
    const map = new Map<string, unknown>();
    const sessionId = randomUUID();
    const { encrypt, decrypt } = await group(async () => senderKeys(await load(map, sessionId)));
    const messages: Buffer[] = [];
    for (const text of ["one", "two", "three", "four"]) messages.push(await encrypt(text));
    const texts: string[] = [];
    for (const index of [3, 0, 2, 1]) texts.push(await decrypt(messages[index] as Buffer));
    expect(texts).toEqual(["four", "one", "three", "two"]);
  });

  it("that are forged do not spoil the true ones after them", async () => {
    const keys = senderKeys(await load(new Map(), randomUUID()));
    const { encrypt, decrypt } = await group(async () => keys);
    const first = await encrypt("first");
    const second = await encrypt("second");
    // The second one's place in the chain, with a body that can't be decrypted.
    const forged = Buffer.from(second);
    forged.fill(7, forged.length - 90, forged.length - 64);
    await expect(decrypt(forged)).rejects.toThrow();
    expect(await decrypt(first)).toBe("first");
    expect(await decrypt(second)).toBe("second");
  });
});
