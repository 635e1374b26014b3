import { createRequire } from "node:module";
import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decodeNode } from "../../src/testing/wire/decode.js";
import { encodeNode } from "../../src/testing/wire/encode.js";
import { bigEndian, bytesOf, node, numberOf, textOf, type BinaryNode } from "../../src/testing/wire/node.js";
import { dictionaryOf, DICTIONARY_VERSION_3 } from "../../src/testing/wire/dictionary.js";

interface TheirNode {
  tag: string;
  attrs: Record<string, string>;
  content?: TheirNode[] | Uint8Array | string;
}

const theirs = createRequire(import.meta.url)("whaileys/lib/WABinary") as {
  encodeBinaryNode(node: unknown): Buffer;
  decodeBinaryNode(bytes: Buffer): Promise<TheirNode>;
};

const encode = (target: BinaryNode, compress = false): Buffer =>
  encodeNode(target, DICTIONARY_VERSION_3, { compress });
const decode = (bytes: Uint8Array): BinaryNode => decodeNode(bytes, DICTIONARY_VERSION_3);

const samples: readonly (readonly [string, BinaryNode])[] = [
  ["a bare tag", node("ib")],
  ["a tag that is no word", node("zpwoot-tag")],
  [
    "known words of one and two bytes",
    node("iq", { type: "result", xmlns: "encrypt", from: "@s.whatsapp.net" }),
  ],
  ["digits, odd and even", node("t", { a: "123", b: "1234", c: "12-34.5" })],
  ["hexadecimal text", node("message", { id: "3EB0ABCDEF", to: "ABCDE" })],
  ["text at the limit of packing", node("x", { a: "1".repeat(127), b: "1".repeat(128), c: "A".repeat(127) })],
  ["an empty attribute", node("props", { hash: "" })],
  [
    "JIDs of every kind",
    node("x", { a: "5511@s.whatsapp.net", b: "5511:3@s.whatsapp.net", c: "99:2@lid", d: "1-2@g.us" }),
  ],
  ["a JID without a user", node("x", { a: "@s.whatsapp.net" })],
  ["children", node("a", {}, [node("b", { x: "1" }), node("c", {}, [node("d")])])],
  ["no children at all", node("list", {}, [])],
  [
    "many children",
    node(
      "list",
      {},
      Array.from({ length: 300 }, (_, index) => node("item", { id: String(index) })),
    ),
  ],
  ["text content", node("name", {}, "Ana Maria")],
  ["text in other scripts", node("name", { notify: "ação 你好 🙂" }, "🙂")],
  ["short bytes", node("enc", {}, Buffer.from([0, 1, 255]))],
  ["long bytes", node("enc", {}, Buffer.alloc(70_000, 7))],
  ["very long bytes", node("enc", {}, Buffer.alloc(1_100_000, 7))],
];

/** Nodes with their content in hex: the wire does not tell text that is no known word from bytes. */
function plain({ tag, attrs, content }: BinaryNode | TheirNode): unknown {
  const inner = Array.isArray(content)
    ? (content as BinaryNode[]).map(plain)
    : content === undefined
      ? undefined
      : Buffer.from(content as string).toString("hex");
  return { tag, attrs: { ...attrs }, content: inner };
}

describe("the node codec", () => {
  it.each(samples)("reads back %s", (_name, sample) => {
    expect(plain(decode(encode(sample)))).toEqual(plain(sample));
  });

  it.each(samples)("writes %s so that whaileys reads the same", async (_name, sample) => {
    expect(plain(await theirs.decodeBinaryNode(encode(sample)))).toEqual(plain(sample));
    expect(plain(await theirs.decodeBinaryNode(encode(sample, true)))).toEqual(plain(sample));
  });

  it.each(samples)("reads %s as whaileys writes it", (_name, sample) => {
    expect(plain(decode(theirs.encodeBinaryNode(sample)))).toEqual(plain(sample));
  });

  it("writes byte for byte what whaileys writes, but for the empty text, which has two codes", () => {
    for (const [name, sample] of samples) {
      if (name === "an empty attribute") continue;
      expect(encode(sample).equals(theirs.encodeBinaryNode(sample)), name).toBe(true);
    }
  });

  it("reads every word of the dictionary as whaileys writes it", () => {
    const words = [...DICTIONARY_VERSION_3.codes.keys()];
    expect(words).toHaveLength(235 + 4 * 256);
    for (const word of words)
      expect(decode(theirs.encodeBinaryNode(node("x", { word }))).attrs.word).toBe(word);
  });

  it("reads every word of dictionary 2 as Baileys 6 writes it", () => {
    const older = dictionaryOf(2);
    if (older === undefined) throw new Error("no dictionary 2");
    const words = [...older.codes.keys()];
    expect(words).toHaveLength(235 + 4 * 256);
    const baileys6 = createRequire(import.meta.url)("baileys-6") as typeof theirs;
    for (const word of words) {
      const sample = node("x", { word });
      expect(decodeNode(Buffer.from(baileys6.encodeBinaryNode(sample)), older).attrs.word).toBe(word);
      expect(decodeNode(encodeNode(sample, older), older).attrs.word).toBe(word);
    }
  });

  it("throws on every truncation and on bytes behind the node, and never hangs on noise", () => {
    const whole = encode(
      node("a", { x: "5511:3@s.whatsapp.net", y: "Text" }, [node("b", {}, randomBytes(20))]),
    );
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decode(whole.subarray(0, length))).toThrow();
    }
    expect(() => decode(Buffer.concat([whole, Buffer.of(0)]))).toThrow(/left over/u);
    for (let round = 0; round < 500; round += 1) {
      try {
        decode(randomBytes(randomInt(0, 60)));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });

  it("takes content as bytes, text or number, however it was coded", () => {
    expect(textOf(decode(encode(node("x", {}, "1"))))).toBe("1");
    expect(bytesOf(decode(encode(node("x", {}, "text"))))).toEqual(Buffer.from("text"));
    expect(numberOf(decode(encode(node("x", {}, bigEndian(70_000, 3)))))).toBe(70_000);
    expect(numberOf(node("x", {}, Buffer.alloc(0)))).toBeUndefined();
  });

  it("knows the dictionaries 2 and 3, which differ, and no other", () => {
    const [older, newer] = [dictionaryOf(2), dictionaryOf(3)];
    expect(older?.singleByte).toHaveLength(236);
    expect(newer?.singleByte).toHaveLength(236);
    const places = [...(newer?.codes ?? [])].filter(
      ([word, code]) => String(older?.codes.get(word)) !== String(code),
    );
    expect(places.length).toBeGreaterThan(1_000);
    expect(dictionaryOf(1)).toBeUndefined();
  });
});
