import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SignalError, SignalParty, type EncryptedMessage } from "../../../src/testing/signal/index.js";
import { parseMessage, parsePreKeyMessage } from "../../../src/testing/signal/messages.js";
import { LibsignalPeer, silenceLibsignal } from "./libsignal-peer.js";
import { Seeded } from "./seeded.js";

silenceLibsignal();

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What both a `SignalParty` and a libsignal device can do; the first does it at once. */
type Device = SignalParty | LibsignalPeer;

async function read(device: Device, from: string, { type, ciphertext }: EncryptedMessage): Promise<string> {
  return new TextDecoder().decode(await device.decrypt(from, type, ciphertext));
}

/** The same case with our side as the one that starts, and with libsignal's. */
const directions = [
  { name: "we start", make: () => ({ starter: new SignalParty(), other: new LibsignalPeer() }) },
  { name: "libsignal starts", make: () => ({ starter: new LibsignalPeer(), other: new SignalParty() }) },
] as const;

describe.each(directions)("with libsignal, when $name,", ({ make }) => {
  async function talk(options?: { readonly oneTimePreKey: boolean }) {
    const { starter, other }: { starter: Device; other: Device } = make();
    await starter.startSession("other", other.bundle(options));
    return {
      starter,
      other,
      send: async (value: string) => starter.encrypt("other", text(value)),
      answer: async (value: string) => other.encrypt("starter", text(value)),
      receive: (message: EncryptedMessage) => read(other, "starter", message),
      hear: (message: EncryptedMessage) => read(starter, "other", message),
    };
  }

  it.each([true, false])(
    "a conversation of many turns works (one-time pre-key: %s)",
    async (oneTimePreKey) => {
      const { send, answer, receive, hear } = await talk({ oneTimePreKey });
      const types: string[] = [];
      for (let turn = 0; turn < 60; turn += 1) {
        for (let burst = 0; burst <= turn % 3; burst += 1) {
          const message = await send(`there ${turn} ${burst}`);
          types.push(message.type);
          expect(await receive(message)).toBe(`there ${turn} ${burst}`);
        }
        for (let burst = 0; burst <= turn % 2; burst += 1) {
          const message = await answer(`back ${turn} ${burst}`);
          expect(message.type).toBe("msg");
          expect(await hear(message)).toBe(`back ${turn} ${burst}`);
        }
      }
      expect(types.indexOf("msg")).toBe(1);
      expect(types.lastIndexOf("pkmsg")).toBe(0);
    },
  );

  it("pre-key messages repeat until the first answer, and may arrive in any order", async () => {
    const { send, answer, receive, hear } = await talk();
    const [first, second, third] = [await send("one"), await send("two"), await send("three")];
    expect([first.type, second.type, third.type]).toEqual(["pkmsg", "pkmsg", "pkmsg"]);
    expect([await receive(third), await receive(first)]).toEqual(["three", "one"]);
    expect(await hear(await answer("answer"))).toBe("answer");
    expect((await send("four")).type).toBe("msg");
    expect(await receive(second)).toBe("two");
  });

  it("messages of earlier turns arrive late, and lost ones do no harm", async () => {
    const { send, answer, receive, hear } = await talk();
    const late: { there: boolean; message: EncryptedMessage; value: string }[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      late.push({ there: true, message: await send(`late ${turn}`), value: `late ${turn}` });
      await send("lost");
      expect(await receive(await send(`there ${turn}`))).toBe(`there ${turn}`);
      late.push({ there: false, message: await answer(`late back ${turn}`), value: `late back ${turn}` });
      await answer("lost");
      expect(await hear(await answer(`back ${turn}`))).toBe(`back ${turn}`);
      await send("lost at the end of a turn");
    }
    for (const { there, message, value } of late.reverse()) {
      expect(await (there ? receive(message) : hear(message))).toBe(value);
    }
  });

  it("both sides number their messages alike", async () => {
    const { send, answer, receive, hear } = await talk();
    const numbers = { there: [] as number[][], back: [] as number[][] };
    for (const burst of [1, 3, 2, 1]) {
      for (let index = 0; index < burst; index += 1) {
        const [there, back] = [await send("there"), index === 0 ? undefined : await answer("back")];
        await receive(there);
        const inner =
          there.type === "pkmsg" ? parsePreKeyMessage(there.ciphertext).message : there.ciphertext;
        numbers.there.push(numbersOf(inner));
        if (back) numbers.back.push(numbersOf(back.ciphertext));
      }
      const last = await answer("back");
      numbers.back.push(numbersOf(last.ciphertext));
      await hear(last);
    }
    // Counter, and last counter of the chain before.
    const turns = [
      [[0, 0]],
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
      [
        [0, 2],
        [1, 2],
      ],
      [[0, 1]],
    ];
    expect(numbers).toEqual({ there: turns.flat(), back: turns.flat() });
  });

  it("a replay is refused by both sides", async () => {
    const { send, answer, receive, hear } = await talk();
    const first = await send("one");
    expect(await receive(first)).toBe("one");
    const back = await answer("back");
    await expect(receive(first)).rejects.toThrow();
    expect(await hear(back)).toBe("back");
    await expect(hear(back)).rejects.toThrow();
    const second = await send("two");
    expect(await receive(second)).toBe("two");
    await expect(receive(second)).rejects.toThrow();
    await expect(receive(first)).rejects.toThrow();
  });

  it("a changed message is refused by both sides, and the true one still works", async () => {
    const { send, answer, receive, hear } = await talk();
    const random = new Seeded(3);
    for (let turn = 0; turn < 5; turn += 1) {
      const message = await send("true");
      await expect(receive(changed(message, random))).rejects.toThrow();
      expect(await receive(message)).toBe("true");
      const back = await answer("true as well");
      await expect(hear(changed(back, random))).rejects.toThrow();
      expect(await hear(back)).toBe("true as well");
    }
  });

  it("a jump over 1999 lost messages works, one over 2000 does not", async () => {
    const { send, answer, receive, hear } = await talk();
    await receive(await send("one"));
    await hear(await answer("back"));
    for (let lost = 0; lost < 1999; lost += 1) await send("lost");
    const inReach = await send("in reach");
    const beyond = await send("beyond");
    await expect(receive(beyond)).rejects.toThrow();
    expect(await receive(inReach)).toBe("in reach");
    expect(await receive(beyond)).toBe("beyond");
  });

  it("a new session replaces the old one, whose late messages still arrive", async () => {
    const { starter, other, send, answer, receive, hear } = await talk();
    await receive(await send("one"));
    await hear(await answer("back"));
    const late = await send("late");
    const lateBack = await answer("late back");
    await starter.startSession("other", other.bundle());
    const fresh = await send("on the new one");
    expect(fresh.type).toBe("pkmsg");
    expect(await receive(fresh)).toBe("on the new one");
    expect(await hear(await answer("answer on the new one"))).toBe("answer on the new one");
    expect(await receive(late)).toBe("late");
    expect(await hear(lateBack)).toBe("late back");
  });

  it("a side that lost its sessions is reached again by a new one", async () => {
    const { starter, other, send, answer, receive, hear } = await talk();
    await receive(await send("one"));
    await hear(await answer("back"));
    const ours = starter instanceof SignalParty ? starter : (other as SignalParty);
    const [name, refuse] = ours === starter ? (["other", hear] as const) : (["starter", receive] as const);
    ours.deleteSession(name);
    await expect(refuse(await (ours === starter ? answer : send)("unreadable"))).rejects.toThrow(SignalError);
    ours.startSession(name, ours === starter ? other.bundle() : starter.bundle());
    const message = ours.encrypt(name, text("hello again"));
    expect(message.type).toBe("pkmsg");
    expect(await (ours === starter ? receive : hear)(message)).toBe("hello again");
    expect(await refuse(await (ours === starter ? answer : send)("and back"))).toBe("and back");
  });
});

describe("with libsignal, pre-keys", () => {
  it("are spent by the first message on both sides", async () => {
    const [ours, theirs] = [new SignalParty(), new LibsignalPeer()];
    ours.startSession("theirs", theirs.bundle());
    expect(theirs.unspentPreKeys).toBe(1);
    await read(theirs, "ours", ours.encrypt("theirs", text("one")));
    expect(theirs.unspentPreKeys).toBe(0);

    const bundle = ours.bundle();
    const [first, second] = [new LibsignalPeer(), new LibsignalPeer()];
    await first.startSession("ours", bundle);
    await second.startSession("ours", bundle);
    expect(await read(ours, "first", await first.encrypt("ours", text("mine")))).toBe("mine");
    const tooLate = await second.encrypt("ours", text("too late"));
    await expect(read(ours, "second", tooLate)).rejects.toMatchObject({ reason: "unknown-pre-key" });
  });
});

describe("with libsignal, when both start at once,", () => {
  // libsignal picks among sessions by the millisecond they were last used in.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function crossed() {
    const [ours, theirs] = [new SignalParty(), new LibsignalPeer()];
    const later = (): unknown => vi.setSystemTime(Date.now() + 1000);
    ours.startSession("theirs", theirs.bundle());
    await theirs.startSession("ours", ours.bundle());
    const [sent, received] = [
      ours.encrypt("theirs", text("ours")),
      await theirs.encrypt("ours", text("theirs")),
    ];
    later();
    expect(await read(theirs, "ours", sent)).toBe("ours");
    expect(await read(ours, "theirs", received)).toBe("theirs");
    later();
    return { ours, theirs, later };
  }

  it("both first messages arrive, and libsignal's next is read and settles the session", async () => {
    const { ours, theirs, later } = await crossed();
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await read(ours, "theirs", await theirs.encrypt("ours", text(`to us ${turn}`)))).toBe(
        `to us ${turn}`,
      );
      later();
      expect(await read(theirs, "ours", ours.encrypt("theirs", text(`to them ${turn}`)))).toBe(
        `to them ${turn}`,
      );
      later();
    }
  });

  it("our next is read as well; what libsignal then can't say is mended by a new session", async () => {
    const { ours, theirs, later } = await crossed();
    expect(await read(theirs, "ours", ours.encrypt("theirs", text("next")))).toBe("next");
    later();
    // libsignal 6.0.0 turns the ratchet of a session it merely tried, so its open one no longer fits ours.
    const broken = await theirs.encrypt("ours", text("broken"));
    await expect(read(ours, "theirs", broken)).rejects.toMatchObject({ reason: "undecryptable" });
    ours.startSession("theirs", theirs.bundle());
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await read(theirs, "ours", ours.encrypt("theirs", text(`to them ${turn}`)))).toBe(
        `to them ${turn}`,
      );
      later();
      expect(await read(ours, "theirs", await theirs.encrypt("ours", text(`to us ${turn}`)))).toBe(
        `to us ${turn}`,
      );
      later();
    }
  });
});

describe.each([21, 22, 23, 24, 25, 26])("with libsignal over a bad network (seed %i)", (seed) => {
  it("every message that arrives is decrypted once, and nothing else is", async () => {
    const random = new Seeded(seed);
    const weStart = seed % 2 === 0;
    const devices = { ours: new SignalParty({ random: random.bytes }), theirs: new LibsignalPeer() };
    const [starter, other] = weStart ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    await devices[starter].startSession(other, devices[other].bundle({ oneTimePreKey: seed % 3 !== 0 }));
    const network: { to: "ours" | "theirs"; message: EncryptedMessage; sent: string; delivered: boolean }[] =
      [];
    let answered = false;
    for (let step = 0; step < 300; step += 1) {
      const from = answered && random.below(2) === 0 ? other : starter;
      const to = from === "ours" ? "theirs" : "ours";
      const action = random.below(100);
      if (action < 45) {
        const sent = `message ${step}`;
        const plaintext = Buffer.concat([text(sent), random.bytes(random.below(64))]);
        const message = await devices[from].encrypt(to, plaintext);
        network.push({ to, message, sent: Buffer.from(plaintext).toString("latin1"), delivered: false });
        continue;
      }
      if (action < 50) {
        random.take(network);
        continue;
      }
      const parcel = network[random.below(network.length)];
      if (!parcel) continue;
      const sender = parcel.to === "ours" ? "theirs" : "ours";
      const deliver = async (message: EncryptedMessage): Promise<string> =>
        Buffer.from(await devices[parcel.to].decrypt(sender, message.type, message.ciphertext)).toString(
          "latin1",
        );
      if (parcel.delivered) {
        await expect(deliver(parcel.message), `step ${step}`).rejects.toThrow();
        continue;
      }
      if (action < 58) {
        await expect(deliver(changed(parcel.message, random)), `step ${step}`).rejects.toThrow();
      }
      expect(await deliver(parcel.message), `step ${step}`).toBe(parcel.sent);
      parcel.delivered = true;
      if (parcel.to === other) answered = true;
    }
  });
});

function numbersOf(message: Uint8Array): number[] {
  const { counter, previousCounter } = parseMessage(message);
  return [counter, previousCounter];
}

/** The message with one bit of its MAC changed; a pkmsg carries two more short fields after it, of 4 to 6 bytes. */
function changed(message: EncryptedMessage, random: Seeded): EncryptedMessage {
  const ciphertext = Uint8Array.from(message.ciphertext);
  const at = ciphertext.length - 8;
  ciphertext[at] = (ciphertext[at] ?? 0) ^ (1 << random.below(8));
  return { ...message, ciphertext };
}
