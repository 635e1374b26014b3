import { describe, expect, it } from "vitest";
import {
  SignalError,
  SignalParty,
  type EncryptedMessage,
  type SignalErrorReason,
} from "../../../src/testing/signal/index.js";
import { Seeded } from "./seeded.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Pair {
  readonly alice: SignalParty;
  readonly bob: SignalParty;
  /** Encrypts, delivers and decrypts; gives the text that arrived. */
  readonly toBob: (value: string) => string;
  readonly toAlice: (value: string) => string;
}

function pair(): Pair {
  const alice = new SignalParty();
  const bob = new SignalParty();
  return {
    alice,
    bob,
    toBob: (value) => read(bob, "alice", alice.encrypt("bob", text(value))),
    toAlice: (value) => read(alice, "bob", bob.encrypt("alice", text(value))),
  };
}

/** A pair in the middle of a conversation that Alice began. */
function talkingPair(): Pair {
  const talking = pair();
  talking.alice.startSession("bob", talking.bob.bundle());
  talking.toBob("first");
  talking.toAlice("answer");
  return talking;
}

function read(party: SignalParty, from: string, { type, ciphertext }: EncryptedMessage): string {
  return new TextDecoder().decode(party.decrypt(from, type, ciphertext));
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

function tampered(message: EncryptedMessage, index: number): EncryptedMessage {
  const ciphertext = Uint8Array.from(message.ciphertext);
  const at = index < 0 ? ciphertext.length + index : index;
  ciphertext[at] = (ciphertext[at] ?? 0) ^ 1;
  return { ...message, ciphertext };
}

describe("starting a session", () => {
  it("sends pre-key messages until the first answer was decrypted", () => {
    const { alice, bob, toAlice } = pair();
    alice.startSession("bob", bob.bundle());
    const messages = [alice.encrypt("bob", text("one")), alice.encrypt("bob", text("two"))];
    expect(messages.map(({ type }) => type)).toEqual(["pkmsg", "pkmsg"]);
    expect(messages.map((message) => read(bob, "alice", message))).toEqual(["one", "two"]);
    expect(bob.encrypt("alice", text("never delivered")).type).toBe("msg");
    expect(alice.encrypt("bob", text("three")).type).toBe("pkmsg");
    toAlice("answer");
    expect(alice.encrypt("bob", text("four")).type).toBe("msg");
  });

  it("works when the first message to arrive is not the first that was sent", () => {
    const { alice, bob } = pair();
    alice.startSession("bob", bob.bundle());
    const [first, second] = [alice.encrypt("bob", text("one")), alice.encrypt("bob", text("two"))];
    expect(read(bob, "alice", second)).toBe("two");
    expect(read(bob, "alice", first)).toBe("one");
  });

  it("works with a bundle that has no one-time pre-key left", () => {
    const { alice, bob, toBob, toAlice } = pair();
    alice.startSession("bob", bob.bundle({ oneTimePreKey: false }));
    expect([toBob("one"), toAlice("two"), toBob("three")]).toEqual(["one", "two", "three"]);
  });

  it("puts another one-time pre-key and the same signed one into each bundle", () => {
    const { bob } = pair();
    const [first, second] = [bob.bundle(), bob.bundle()];
    expect(first.preKey?.id).not.toBe(second.preKey?.id);
    expect(first.preKey?.publicKey).not.toEqual(second.preKey?.publicKey);
    expect(first.signedPreKey).toEqual(second.signedPreKey);
  });

  it("is refused for a bundle whose signed pre-key was signed by another identity", () => {
    const { alice, bob } = pair();
    const bundle = { ...bob.bundle(), identityKey: new SignalParty().identity.publicKey };
    expect(() => alice.startSession("bob", bundle)).toThrow(
      "signature of signed pre-key 1 is not by the identity key",
    );
    expect(alice.hasSession("bob")).toBe(false);
  });

  it("is refused for a bundle with a key of the wrong length", () => {
    const { alice, bob } = pair();
    const bundle = bob.bundle();
    const preKey = { id: 1, publicKey: new Uint8Array(33) };
    expect(refusalOf(() => alice.startSession("bob", { ...bundle, preKey }))).toBe("invalid-key");
    expect(refusalOf(() => alice.startSession("bob", { ...bundle, identityKey: new Uint8Array(31) }))).toBe(
      "invalid-key",
    );
  });

  it("spends the one-time pre-key, so that no second session can be built on it", () => {
    const { alice, bob, toBob } = pair();
    const bundle = bob.bundle();
    alice.startSession("bob", bundle);
    toBob("one");
    alice.startSession("bob", bundle);
    const again = alice.encrypt("bob", text("two"));
    expect(refusalOf(() => read(bob, "alice", again))).toBe("unknown-pre-key");
  });

  it("does not spend the pre-key on a message that was tampered with", () => {
    const { alice, bob } = pair();
    alice.startSession("bob", bob.bundle());
    const message = alice.encrypt("bob", text("one"));
    // The last bytes are the registration id and the id of the signed pre-key; before them ends the inner MAC.
    expect(refusalOf(() => read(bob, "alice", tampered(message, -10)))).toBe("undecryptable");
    expect(bob.hasSession("alice")).toBe(false);
    expect(read(bob, "alice", message)).toBe("one");
  });

  it("knows the identity of the other side", () => {
    const { alice, bob } = talkingPair();
    expect(alice.identityOf("bob")).toEqual(bob.identity.publicKey);
    expect(bob.identityOf("alice")).toEqual(alice.identity.publicKey);
    expect(alice.identityOf("carol")).toBeUndefined();
  });

  it("takes a given identity and registration id, and makes valid ones otherwise", () => {
    const { identity } = new SignalParty();
    const party = new SignalParty({ identity, registrationId: 77 });
    expect([party.identity, party.bundle().registrationId]).toEqual([identity, 77]);
    for (let round = 0; round < 20; round += 1) {
      const { registrationId } = new SignalParty({ random: new Seeded(round).bytes, identity });
      expect(registrationId).toBeGreaterThan(0);
      expect(registrationId).toBeLessThan(2 ** 14);
    }
  });

  it("makes the same keys and messages with the same seed", () => {
    const run = (): EncryptedMessage => {
      const alice = new SignalParty({ random: new Seeded(1).bytes });
      const bob = new SignalParty({ random: new Seeded(2).bytes });
      alice.startSession("bob", bob.bundle());
      return alice.encrypt("bob", text("one"));
    };
    expect(Buffer.from(run().ciphertext).equals(run().ciphertext)).toBe(true);
  });
});

describe("a session", () => {
  it("carries an empty message and a large one", () => {
    const { toBob } = talkingPair();
    expect(toBob("")).toBe("");
    const large = "x".repeat(1_000_000);
    expect(toBob(large)).toBe(large);
  });

  it("refuses a replay as a duplicate and goes on", () => {
    const { alice, bob, toBob } = talkingPair();
    const message = alice.encrypt("bob", text("once"));
    expect(read(bob, "alice", message)).toBe("once");
    expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
    toBob("next");
    expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
  });

  it("refuses the replay of a pre-key message as a duplicate", () => {
    const { alice, bob, toAlice, toBob } = pair();
    alice.startSession("bob", bob.bundle());
    const message = alice.encrypt("bob", text("one"));
    read(bob, "alice", message);
    expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
    toAlice("answer");
    toBob("two");
    expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
  });

  it("refuses a message with any byte changed, and takes the true one afterwards", () => {
    const { alice, bob, toAlice } = talkingPair();
    const next = alice.encrypt("bob", text("true"));
    for (let index = 0; index < next.ciphertext.length; index += 1) {
      expect(
        refusalOf(() => read(bob, "alice", tampered(next, index))),
        `byte ${index}`,
      ).not.toBe("accepted");
    }
    expect(read(bob, "alice", next)).toBe("true");
    expect(toAlice("still talking")).toBe("still talking");
  });

  it("refuses what is not a message at all", () => {
    const { bob } = talkingPair();
    for (const ciphertext of [
      new Uint8Array(0),
      text("3"),
      text("3 garbage, not protobuf"),
      new Uint8Array(99),
    ]) {
      expect(refusalOf(() => bob.decrypt("alice", "msg", ciphertext))).toBe("malformed");
      expect(refusalOf(() => bob.decrypt("alice", "pkmsg", ciphertext))).toBe("malformed");
    }
  });

  it("refuses a message of version 2", () => {
    const { alice, bob } = talkingPair();
    const message = alice.encrypt("bob", text("one"));
    const ciphertext = Uint8Array.of(0x22, ...message.ciphertext.subarray(1));
    expect(() => bob.decrypt("alice", "msg", ciphertext)).toThrow("not one of version 3");
  });

  it("refuses a message meant for another device", () => {
    const { alice, bob } = talkingPair();
    const carol = new SignalParty();
    alice.startSession("carol", carol.bundle());
    read(carol, "alice", alice.encrypt("carol", text("hello")));
    expect(refusalOf(() => read(carol, "alice", alice.encrypt("bob", text("for bob"))))).toBe(
      "undecryptable",
    );
    expect(refusalOf(() => read(bob, "dave", alice.encrypt("bob", text("for bob"))))).toBe("no-session");
  });

  it("takes late messages of earlier turns", () => {
    const { alice, bob, toBob, toAlice } = talkingPair();
    const late: EncryptedMessage[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      late.push(alice.encrypt("bob", text(`late ${turn}`)));
      toBob(`turn ${turn}`);
      late.push(alice.encrypt("bob", text(`later ${turn}`)));
      toAlice(`back ${turn}`);
    }
    for (const message of late.reverse()) {
      expect(read(bob, "alice", message)).toMatch(/^late/);
      expect(refusalOf(() => read(bob, "alice", message))).toBe("duplicate");
    }
  });

  it("takes late messages of the last 40 turns only", () => {
    const { alice, bob, toBob, toAlice } = talkingPair();
    const late = Array.from({ length: 41 }, (_, turn) => {
      const message = alice.encrypt("bob", text("late"));
      toBob(`turn ${turn}`);
      toAlice(`back ${turn}`);
      return message;
    });
    expect(late.map((message) => refusalOf(() => read(bob, "alice", message)))).toEqual([
      "undecryptable",
      ...Array.from({ length: 40 }, () => "accepted"),
    ]);
  });

  it("jumps over at most 1999 lost messages", () => {
    const { alice, bob } = talkingPair();
    for (let lost = 0; lost < 1999; lost += 1) alice.encrypt("bob", text("lost"));
    const inReach = alice.encrypt("bob", text("in reach"));
    const beyond = alice.encrypt("bob", text("beyond"));
    expect(refusalOf(() => read(bob, "alice", beyond))).toBe("undecryptable");
    expect(read(bob, "alice", inReach)).toBe("in reach");
    expect(read(bob, "alice", beyond)).toBe("beyond");
  });

  it("keeps the keys of 2000 skipped messages and drops the oldest", () => {
    const { alice, bob } = talkingPair();
    const sent = Array.from({ length: 2502 }, (_, index) => alice.encrypt("bob", text(String(index))));
    const at = (index: number): string => {
      const message = sent[index];
      if (!message) throw new Error(`no message ${index}`);
      return read(bob, "alice", message);
    };
    expect([at(1500), at(2501)]).toEqual(["1500", "2501"]);
    // 2500 were skipped, so the first 500 are gone.
    expect(refusalOf(() => at(499))).toBe("duplicate");
    expect([at(500), at(1499), at(2500)]).toEqual(["500", "1499", "2500"]);
  });

  it("can be deleted, after which nothing can be encrypted or decrypted until a new one is started", () => {
    const { alice, bob, toAlice, toBob } = talkingPair();
    alice.deleteSession("bob");
    expect(alice.hasSession("bob")).toBe(false);
    expect(refusalOf(() => alice.encrypt("bob", text("one")))).toBe("no-session");
    expect(refusalOf(() => toAlice("one"))).toBe("no-session");
    alice.startSession("bob", bob.bundle());
    expect([toBob("two"), toAlice("three")]).toEqual(["two", "three"]);
  });
});

describe("several sessions with one address", () => {
  it("settle on one when both sides start at once, without losing a message", () => {
    const { alice, bob, toAlice, toBob } = pair();
    alice.startSession("bob", bob.bundle());
    bob.startSession("alice", alice.bundle());
    const fromAlice = alice.encrypt("bob", text("from alice"));
    const fromBob = bob.encrypt("alice", text("from bob"));
    expect(read(bob, "alice", fromAlice)).toBe("from alice");
    expect(read(alice, "bob", fromBob)).toBe("from bob");
    for (let turn = 0; turn < 3; turn += 1) {
      expect([toBob(`b${turn}`), toAlice(`a${turn}`)]).toEqual([`b${turn}`, `a${turn}`]);
    }
    expect([alice.encrypt("bob", text("")).type, bob.encrypt("alice", text("")).type]).toEqual([
      "msg",
      "msg",
    ]);
  });

  it("let messages of the replaced one arrive late", () => {
    const { alice, bob, toBob } = talkingPair();
    const late = alice.encrypt("bob", text("late"));
    const lateAnswer = bob.encrypt("alice", text("late answer"));
    alice.startSession("bob", bob.bundle());
    toBob("on the new one");
    expect(read(bob, "alice", late)).toBe("late");
    expect(read(alice, "bob", lateAnswer)).toBe("late answer");
    expect(toBob("goes on")).toBe("goes on");
  });

  it("are kept up to 40; the one unused for longest is forgotten", () => {
    const { alice, bob, toBob } = talkingPair();
    const late = alice.encrypt("bob", text("late"));
    for (let restart = 0; restart < 39; restart += 1) {
      alice.startSession("bob", bob.bundle());
      toBob("on the new one");
    }
    const stillKept = tampered(late, -1);
    expect(refusalOf(() => read(bob, "alice", stillKept))).toBe("undecryptable");
    alice.startSession("bob", bob.bundle());
    toBob("one too many");
    expect(refusalOf(() => read(bob, "alice", late))).toBe("undecryptable");
  });
});

describe.each([11, 12, 13, 14])("two parties over a bad network (seed %i)", (seed) => {
  it("decrypt every message that arrives, once", () => {
    const random = new Seeded(seed);
    const names = ["alice", "bob"] as const;
    const parties = {
      alice: new SignalParty({ random: random.bytes }),
      bob: new SignalParty({ random: random.bytes }),
    };
    const network: { to: "alice" | "bob"; message: EncryptedMessage; sent: string; delivered: boolean }[] =
      [];
    let restarts = 0;
    for (let step = 0; step < 400; step += 1) {
      const from = names[random.below(2)] ?? "alice";
      const to = from === "alice" ? "bob" : "alice";
      const action = random.below(100);
      if (!parties[from].hasSession(to) || (action < 4 && restarts < 20)) {
        parties[from].startSession(to, parties[to].bundle({ oneTimePreKey: random.below(2) === 0 }));
        restarts += 1;
      } else if (action < 50) {
        const sent = `message ${step}`;
        network.push({ to, message: parties[from].encrypt(to, text(sent)), sent, delivered: false });
      } else if (action < 55) {
        random.take(network);
      } else {
        const parcel = network[random.below(network.length)];
        if (!parcel) continue;
        const sender = parcel.to === "alice" ? "bob" : "alice";
        const deliver = (): string => read(parties[parcel.to], sender, parcel.message);
        if (parcel.delivered) expect(refusalOf(deliver), `step ${step}`).toBe("duplicate");
        else expect(deliver(), `step ${step}`).toBe(parcel.sent);
        parcel.delivered = true;
      }
    }
  });
});
