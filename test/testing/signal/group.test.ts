import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import {
  createSenderKeyDistribution,
  groupDecrypt,
  groupEncrypt,
  processSenderKeyDistribution,
  SenderKeyStore,
  SignalError,
  unprefixedKey,
  xeddsaVerify,
  type SignalErrorReason,
} from "../../../src/testing/signal/index.js";
import { silenceLibsignal } from "./libsignal-peer.js";
import { Seeded } from "./seeded.js";

silenceLibsignal();

interface LibDistribution {
  serialize(): Buffer;
  getSignatureKey(): Buffer;
}

interface LibRecord {
  serialize(): unknown;
}

interface WASignalGroup {
  readonly GroupSessionBuilder: new (store: unknown) => {
    create(name: unknown): Promise<LibDistribution>;
    process(name: unknown, distribution: LibDistribution): Promise<void>;
  };
  readonly GroupCipher: new (
    store: unknown,
    name: unknown,
  ) => { encrypt(plaintext: Uint8Array): Promise<Buffer>; decrypt(message: Buffer): Promise<Buffer> };
  readonly SenderKeyDistributionMessage: new (
    id: null,
    iteration: null,
    chainKey: null,
    signatureKey: null,
    serialized: Buffer,
  ) => LibDistribution;
  readonly SenderKeyName: new (
    group: string,
    sender: { id: string; deviceId: number },
  ) => { toString(): string };
  readonly SenderKeyRecord: new (serialized?: unknown) => LibRecord;
}

const library = createRequire(import.meta.url)("whaileys/WASignalGroup") as WASignalGroup;

const group = "120363000000000001@g.us";

/** A group member on the group code of whaileys, with stored records copied, so that nothing is shared. */
class WhaileysMember {
  readonly #records = new Map<string, unknown>();
  readonly #store = {
    loadSenderKey: async (name: { toString(): string }): Promise<LibRecord> =>
      new library.SenderKeyRecord(copied(this.#records.get(name.toString()))),
    storeSenderKey: async (name: { toString(): string }, record: LibRecord): Promise<void> => {
      this.#records.set(name.toString(), copied(record.serialize()));
    },
  };

  async distribution(): Promise<LibDistribution> {
    return new library.GroupSessionBuilder(this.#store).create(nameOf("self"));
  }

  async process(sender: string, distribution: Uint8Array): Promise<void> {
    const bytes = Buffer.from(distribution);
    const message = new library.SenderKeyDistributionMessage(null, null, null, null, bytes);
    await new library.GroupSessionBuilder(this.#store).process(nameOf(sender), message);
  }

  async encrypt(value: string): Promise<Buffer> {
    return new library.GroupCipher(this.#store, nameOf("self")).encrypt(Buffer.from(value));
  }

  async decrypt(sender: string, message: Uint8Array): Promise<string> {
    const plaintext = await new library.GroupCipher(this.#store, nameOf(sender)).decrypt(
      Buffer.from(message),
    );
    return plaintext.toString();
  }
}

function nameOf(sender: string): { toString(): string } {
  return new library.SenderKeyName(group, { id: sender, deviceId: 0 });
}

/**
 * A deep copy that keeps Buffers. Not through JSON: whaileys 6.4.9 puts the keys of skipped messages in a protobuf class
 * whose `toJSON` leaves them out, so it can't read late group messages from a JSON store at all.
 */
function copied(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner)]));
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function read(store: SenderKeyStore, sender: string, message: Uint8Array): string {
  return new TextDecoder().decode(groupDecrypt(store, group, sender, message));
}

function refusalOf(act: () => unknown): SignalErrorReason | "accepted" {
  try {
    act();
  } catch (error) {
    if (error instanceof SignalError) return error.reason;
    throw error;
  }
  return "accepted";
}

/** Two of our own members, the second following the first. */
function followed(): { alice: SenderKeyStore; bob: SenderKeyStore; say: (value: string) => Uint8Array } {
  const [alice, bob] = [new SenderKeyStore(), new SenderKeyStore()];
  processSenderKeyDistribution(bob, group, "alice", createSenderKeyDistribution(alice, group));
  return { alice, bob, say: (value) => groupEncrypt(alice, group, text(value)) };
}

describe("group messages with whaileys", () => {
  it("are read by whaileys in any order, some of them lost", async () => {
    const [ours, theirs] = [new SenderKeyStore(), new WhaileysMember()];
    await theirs.process("us", createSenderKeyDistribution(ours, group));
    const sent = Array.from({ length: 40 }, (_, index) =>
      groupEncrypt(ours, group, text(`message ${index}`)),
    );
    for (const index of [0, 1, 5, 3, 4, 39, 20, 2, 38]) {
      expect(await theirs.decrypt("us", sent[index] ?? new Uint8Array())).toBe(`message ${index}`);
    }
    await expect(theirs.decrypt("us", sent[20] ?? new Uint8Array())).rejects.toThrow();
  });

  it("are read by us in any order, some of them lost", async () => {
    const [ours, theirs] = [new SenderKeyStore(), new WhaileysMember()];
    processSenderKeyDistribution(ours, group, "them", (await theirs.distribution()).serialize());
    const sent: Buffer[] = [];
    for (let index = 0; index < 40; index += 1) sent.push(await theirs.encrypt(`message ${index}`));
    for (const index of [0, 1, 5, 3, 4, 39, 20, 2, 38]) {
      expect(read(ours, "them", sent[index] ?? Buffer.alloc(0))).toBe(`message ${index}`);
    }
    expect(refusalOf(() => read(ours, "them", sent[20] ?? Buffer.alloc(0)))).toBe("duplicate");
  });

  it("can be followed from the middle, in both directions", async () => {
    const [ours, theirs] = [new SenderKeyStore(), new WhaileysMember()];
    createSenderKeyDistribution(ours, group);
    await theirs.distribution();
    for (let index = 0; index < 7; index += 1) {
      groupEncrypt(ours, group, text("before"));
      await theirs.encrypt("before");
    }
    await theirs.process("us", createSenderKeyDistribution(ours, group));
    processSenderKeyDistribution(ours, group, "them", (await theirs.distribution()).serialize());
    expect(await theirs.decrypt("us", groupEncrypt(ours, group, text("after")))).toBe("after");
    expect(read(ours, "them", await theirs.encrypt("after"))).toBe("after");
  });

  it("carry a signature by the distributed key, though whaileys does not check it", async () => {
    const [ours, theirs] = [new SenderKeyStore(), new WhaileysMember()];
    const distribution = new library.SenderKeyDistributionMessage(
      null,
      null,
      null,
      null,
      Buffer.from(createSenderKeyDistribution(ours, group)),
    );
    const message = groupEncrypt(ours, group, text("signed"));
    const key = unprefixedKey(distribution.getSignatureKey());
    expect(xeddsaVerify(key, message.subarray(0, -64), message.subarray(-64))).toBe(true);
    await theirs.distribution();
    expect(refusalOf(() => read(ours, "them", message))).toBe("no-session");
  });

  it.each([31, 32])("survive a random schedule (seed %i)", async (seed) => {
    const random = new Seeded(seed);
    const [ours, theirs] = [new SenderKeyStore({ random: random.bytes }), new WhaileysMember()];
    await theirs.process("us", createSenderKeyDistribution(ours, group));
    processSenderKeyDistribution(ours, group, "them", (await theirs.distribution()).serialize());
    const toThem: { message: Uint8Array; value: string }[] = [];
    const toUs: { message: Uint8Array; value: string }[] = [];
    for (let step = 0; step < 150; step += 1) {
      const value = `message ${step}`;
      const action = random.below(5);
      if (action === 0) toThem.push({ message: groupEncrypt(ours, group, text(value)), value });
      if (action === 1) toUs.push({ message: await theirs.encrypt(value), value });
      if (action === 2) random.take(random.below(2) === 0 ? toThem : toUs);
      if (action === 3) {
        const parcel = random.take(toThem);
        if (parcel) expect(await theirs.decrypt("us", parcel.message)).toBe(parcel.value);
      }
      if (action === 4) {
        const parcel = random.take(toUs);
        if (parcel) expect(read(ours, "them", parcel.message)).toBe(parcel.value);
      }
    }
  });
});

describe("a sender key", () => {
  it("is refused if a message is read before it was distributed", () => {
    const { bob, say } = followed();
    const message = say("hello");
    expect(refusalOf(() => read(new SenderKeyStore(), "alice", message))).toBe("no-session");
    expect(refusalOf(() => read(bob, "carol", message))).toBe("no-session");
    expect(refusalOf(() => groupDecrypt(bob, "another@g.us", "alice", message))).toBe("no-session");
    expect(refusalOf(() => groupEncrypt(bob, group, text("too early")))).toBe("no-session");
  });

  it("stays the same from one distribution to the next, until it is forgotten", () => {
    const { alice, bob, say } = followed();
    const again = createSenderKeyDistribution(alice, group);
    expect(Buffer.from(again).equals(createSenderKeyDistribution(alice, group))).toBe(true);
    const late = say("with the old key");
    alice.forgetOwn(group);
    processSenderKeyDistribution(bob, group, "alice", createSenderKeyDistribution(alice, group));
    expect(read(bob, "alice", say("with the new key"))).toBe("with the new key");
    expect(read(bob, "alice", late)).toBe("with the old key");
  });

  it("that is distributed again does not let old messages be replayed", () => {
    const { alice, bob, say } = followed();
    const distribution = createSenderKeyDistribution(alice, group);
    const message = say("once");
    expect(read(bob, "alice", message)).toBe("once");
    processSenderKeyDistribution(bob, group, "alice", distribution);
    expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
    expect(read(bob, "alice", say("next"))).toBe("next");
  });

  it("is kept with the sender's four newer ones, no longer", () => {
    const { alice, bob, say } = followed();
    const late = [say("late"), say("too late")];
    const renew = (): void => {
      alice.forgetOwn(group);
      processSenderKeyDistribution(bob, group, "alice", createSenderKeyDistribution(alice, group));
    };
    for (let renewal = 0; renewal < 4; renewal += 1) renew();
    expect(read(bob, "alice", late[0] ?? new Uint8Array())).toBe("late");
    renew();
    expect(refusalOf(() => read(bob, "alice", late[1] ?? new Uint8Array()))).toBe("no-session");
  });

  it("refuses a message with any byte changed, and takes the true one afterwards", () => {
    const { bob, say } = followed();
    const message = say("true");
    for (let index = 0; index < message.length; index += 1) {
      const changed = Uint8Array.from(message);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(
        refusalOf(() => read(bob, "alice", changed)),
        `byte ${index}`,
      ).not.toBe("accepted");
    }
    expect(read(bob, "alice", message)).toBe("true");
  });

  it("refuses a jump over 2000 messages", () => {
    const { alice, bob } = followed();
    for (let lost = 0; lost < 1999; lost += 1) groupEncrypt(alice, group, text("lost"));
    const inReach = groupEncrypt(alice, group, text("in reach"));
    const beyond = groupEncrypt(alice, group, text("beyond"));
    expect(refusalOf(() => read(bob, "alice", beyond))).toBe("undecryptable");
    expect([read(bob, "alice", inReach), read(bob, "alice", beyond)]).toEqual(["in reach", "beyond"]);
  });

  it("is not taken from a distribution that is malformed", () => {
    const { bob, alice } = followed();
    const distribution = createSenderKeyDistribution(alice, group);
    const process = (bytes: Uint8Array) => () => processSenderKeyDistribution(bob, group, "alice", bytes);
    expect(refusalOf(process(new Uint8Array(0)))).toBe("malformed");
    expect(refusalOf(process(distribution.subarray(0, 20)))).toBe("malformed");
    expect(refusalOf(process(distribution.subarray(0, -35)))).toBe("malformed");
    expect(refusalOf(process(Uint8Array.of(0x22, ...distribution.subarray(1))))).toBe("malformed");
  });
});
