/** Reads a node from bytes. Throws on anything but one whole node; the emulator records that as a violation. */
import { inflateSync } from "node:zlib";
import { formatJid } from "./jid.js";
import type { BinaryNode, NodeContent } from "./node.js";
import { COMPRESSED_FLAG, HEX_ALPHABET, JidDomain, NIBBLE_ALPHABET, Tag } from "./tags.js";
import type { TokenDictionary } from "./dictionary.js";

/** The node in a decrypted frame (flags byte first). Throws an `Error` that says what is malformed. */
export function decodeNode(frame: Uint8Array, dictionary: TokenDictionary): BinaryNode {
  if (frame.length < 2) throw new Error("frame is too short to hold a node");
  const rest = Buffer.from(frame.subarray(1));
  const reader = new NodeReader(
    ((frame[0] ?? 0) & COMPRESSED_FLAG) !== 0 ? inflateSync(rest) : rest,
    dictionary,
  );
  const root = reader.node();
  if (!reader.atEnd) throw new Error("bytes left over behind the node");
  return root;
}

class NodeReader {
  #position = 0;
  readonly #bytes: Buffer;
  readonly #dictionary: TokenDictionary;

  constructor(bytes: Buffer, dictionary: TokenDictionary) {
    this.#bytes = bytes;
    this.#dictionary = dictionary;
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  node(): BinaryNode {
    const size = this.#listSize(this.#byte());
    if (size === undefined || size === 0) throw new Error("a node must start with a list that is not empty");
    const tag = this.#text(this.#byte());
    if (tag === "") throw new Error("a node must have a tag");
    const attrs: Record<string, string> = {};
    for (let count = (size - 1) >> 1; count > 0; count -= 1) {
      const name = this.#text(this.#byte());
      attrs[name] = this.#text(this.#byte());
    }
    if (size % 2 === 1) return { tag, attrs };
    return { tag, attrs, content: this.#content() };
  }

  #content(): NodeContent {
    const tag = this.#byte();
    const size = this.#listSize(tag);
    if (size !== undefined) return Array.from({ length: size }, () => this.node());
    return this.#binary(tag) ?? this.#text(tag);
  }

  #listSize(tag: number): number | undefined {
    if (tag === Tag.emptyList) return 0;
    if (tag === Tag.list8) return this.#number(1);
    return tag === Tag.list16 ? this.#number(2) : undefined;
  }

  #text(tag: number): string {
    if (tag === Tag.emptyList) return "";
    if (tag < Tag.dictionary0) return this.#word(this.#dictionary.singleByte[tag]);
    if (tag <= Tag.dictionary3) {
      return this.#word(this.#dictionary.doubleByte[tag - Tag.dictionary0]?.[this.#byte()]);
    }
    if (tag === Tag.nibbles) return this.#unpack(NIBBLE_ALPHABET);
    if (tag === Tag.hex) return this.#unpack(HEX_ALPHABET);
    if (tag === Tag.jidPair) {
      const user = this.#text(this.#byte());
      return `${user}@${this.#text(this.#byte())}`;
    }
    if (tag === Tag.deviceJid) return this.#deviceJid();
    const bytes = this.#binary(tag);
    if (bytes === undefined) throw new Error(`unknown value tag ${tag}`);
    return bytes.toString("utf8");
  }

  #word(word: string | undefined): string {
    if (word === undefined) throw new Error("code of a word that is not in the dictionary");
    return word;
  }

  #deviceJid(): string {
    const domain = this.#byte();
    const device = this.#byte();
    const server = domain === JidDomain.lid ? "lid" : "s.whatsapp.net";
    return formatJid({ user: this.#text(this.#byte()), device, server });
  }

  #unpack(alphabet: string): string {
    const header = this.#byte();
    let text = "";
    for (const byte of this.#take(header & 0x7f)) {
      text += (alphabet[byte >> 4] ?? "\0") + (alphabet[byte & 0xf] ?? "\0");
    }
    return (header & 0x80) === 0 ? text : text.slice(0, -1);
  }

  #binary(tag: number): Buffer | undefined {
    if (tag === Tag.bytes8) return this.#take(this.#number(1));
    if (tag === Tag.bytes20) return this.#take(this.#number(3) & 0xfffff);
    return tag === Tag.bytes32 ? this.#take(this.#number(4)) : undefined;
  }

  #byte(): number {
    return this.#number(1);
  }

  #number(size: number): number {
    return this.#take(size).readUIntBE(0, size);
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new Error("the node ends too early");
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}
