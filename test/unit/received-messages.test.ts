import { setImmediate as turn } from "node:timers/promises";
import type { BinaryNode } from "whaileys";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ReceivedChanges, ReceivedKeys } from "../../src/whatsapp/library.js";
import { ReceivedMessages } from "../../src/whatsapp/received-messages.js";
import { WireGate } from "../../src/whatsapp/wire-gate.js";

/** Changes of which the test says when a key is changed and when they are durable. */
class Changes implements ReceivedChanges {
  isEmpty = true;
  stored: "alone" | "with its event" | undefined;
  readonly noted: string[] = [];
  readonly durable: Promise<void>;
  confirm = (): void => {};

  constructor(readonly change: () => void) {
    this.durable = new Promise((resolve) => (this.confirm = resolve));
  }

  note(messageId: string): void {
    this.noted.push(messageId);
  }

  keep(): string {
    return "kept";
  }

  take(): readonly [] {
    return [];
  }
}

function following() {
  const all: Changes[] = [];
  const known = new Set<string>();
  const keys: ReceivedKeys = {
    isKnown: (id) => known.has(id),
    collect: (onFirst) => {
      const changes: Changes = new Changes(() => {
        changes.isEmpty = false;
        onFirst();
      });
      all.push(changes);
      return changes;
    },
    collected: () => {},
    store: (changes, published) => {
      (changes as Changes).stored = published === undefined ? "alone" : "with its event";
    },
    drop: () => {},
    unjudged: () => new Map(),
    judged: () => () => [],
    forgetKept: () => {},
  };
  const gate = new WireGate({ maxAgeMs: 10_000, onFailed: () => {} });
  const noEvent: string[] = [];
  const messages = new ReceivedMessages({ keys, gate, onNoEvent: () => void noEvent.push("no event") });
  return { messages, gate, all, known, noEvent };
}

const enc = (content: Uint8Array, tag = "enc"): BinaryNode => ({ tag, attrs: {}, content });

function stanza(from: string, id: string, content: BinaryNode[], participant?: string): BinaryNode {
  return { tag: "message", attrs: { from, id, ...(participant && { participant }) }, content };
}

afterEach(() => void vi.useRealTimers());

describe("a received message", () => {
  it("is held from its first key on, not from its stanza, until its changes are durable", async () => {
    const { messages, gate, all } = following();
    const bytes = Buffer.from("a");
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    await messages.decrypting(bytes, async () => {
      expect(gate.held).toBe(0);
      all[0]?.change();
      expect(gate.held).toBe(1);
      return bytes;
    });
    const emitted = messages.emitting([{ key: { id: "A", remoteJid: "1@s.whatsapp.net" } }]);
    emitted?.store(() => Promise.resolve());
    expect(all[0]).toMatchObject({ stored: "with its event", noted: ["1@s.whatsapp.net  A"] });
    expect(gate.held).toBe(1);
    all[0]?.confirm();
    await turn();
    expect(gate.held).toBe(0);
  });

  it("is told from another with the same id by its sender", async () => {
    const { messages } = following();
    for (const sender of ["1", "2"])
      messages.onStanza(stanza("9@g.us", "A", [enc(Buffer.from(sender))], `${sender}:3@s.whatsapp.net`));
    const notes: string[] = [];
    for (const sender of ["2", "1"]) {
      const key = { id: "A", remoteJid: "9@g.us", participant: `${sender}@s.whatsapp.net` };
      messages.emitting([{ key }])?.store((changes) => {
        notes.push(...(changes as Changes).noted);
        return undefined;
      });
    }
    expect(notes).toEqual(["9@g.us 2:3@s.whatsapp.net A", "9@g.us 1:3@s.whatsapp.net A"]);
  });

  it("is stored at once when it can't be decrypted, and its stub does not hide what comes later", async () => {
    const { messages, all, known } = following();
    const bytes = Buffer.from("a");
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    const failing = messages.decrypting(bytes, () => Promise.reject(new Error("no session")));
    await expect(failing).rejects.toThrow("no session");
    expect(all[0]?.stored).toBe("alone");
    const key = { id: "A", remoteJid: "1@s.whatsapp.net" };
    const stub = messages.emitting([{ key, messageStubType: 2 }]);
    expect(stub?.isRepeated).toBe(false);
    stub?.store(() => undefined);
    for (const name of all.flatMap(({ noted }) => noted)) known.add(name);
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    expect(messages.emitting([{ key }])?.isRepeated).toBe(false);
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    expect(messages.emitting([{ key, messageStubType: 2 }])?.isRepeated).toBe(true);
  });

  it("that the library gives up is stored at once, and holds up no other", async () => {
    const { messages, gate, all, noEvent } = following();
    const bytes = Buffer.from("a");
    const node = stanza("1@s.whatsapp.net", "A", [enc(bytes)]);
    messages.onStanza(node);
    await messages.decrypting(bytes, async () => {
      all[0]?.change();
      return bytes;
    });
    messages.onHandled(node.attrs, { isLast: false });
    expect(all[0]?.stored).toBeUndefined();
    messages.onHandled(node.attrs, { isLast: true });
    expect(all[0]?.stored).toBe("alone");
    expect(noEvent).toEqual(["no event"]);
    all[0]?.confirm();
    await turn();
    expect(gate.held).toBe(0);
    const channel = stanza("2@newsletter", "B", [enc(Buffer.from("b"), "plaintext")]);
    messages.onStanza(channel);
    expect(gate.held).toBe(1);
    messages.onHandled(channel.attrs, { isLast: true });
    await turn();
    expect(gate.held).toBe(0);
  });

  it("whose library makes no event of it holds up the others for two seconds at most", async () => {
    const { messages, all, noEvent } = following();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const bytes = Buffer.from("a");
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    await messages.decrypting(bytes, async () => {
      all[0]?.change();
      return bytes;
    });
    vi.advanceTimersByTime(1_999);
    await turn();
    expect(all[0]?.stored).toBeUndefined();
    vi.advanceTimersByTime(1);
    await turn();
    expect(all[0]?.stored).toBe("alone");
    expect(noEvent).toEqual(["no event"]);
  });

  it("that is not encrypted is held from its stanza on", async () => {
    const { messages, gate, all } = following();
    messages.onStanza(stanza("5@newsletter", "A", [enc(Buffer.from("a"), "plaintext")]));
    expect(gate.held).toBe(1);
    messages.emitting([{ key: { id: "A", remoteJid: "5@newsletter" } }])?.store(() => Promise.resolve());
    await turn();
    expect(gate.held).toBeGreaterThan(0);
    all[0]?.confirm();
    await turn();
    expect(gate.held).toBe(0);
  });

  it("is not decrypted again when its event is stored: its keys are spent", async () => {
    const { messages, known } = following();
    const bytes = Buffer.from("a");
    known.add("1@s.whatsapp.net  A");
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    const decrypt = vi.fn(async () => bytes);
    // A message without content, in its padding.
    expect([...(await messages.decrypting(bytes, decrypt))]).toEqual([1]);
    expect(decrypt).not.toHaveBeenCalled();
  });

  it("is not decrypted any more once the socket is to be closed", async () => {
    const { messages } = following();
    const bytes = Buffer.from("a");
    messages.onStanza(stanza("1@s.whatsapp.net", "A", [enc(bytes)]));
    messages.pause();
    const decrypt = vi.fn(async () => bytes);
    void messages.decrypting(bytes, decrypt);
    await turn();
    expect(decrypt).not.toHaveBeenCalled();
  });
});
