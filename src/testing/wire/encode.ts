/** Writes a node as bytes, as the service does: known words as codes, digits packed, JIDs in parts. */
import { deflateSync } from "node:zlib";
import { parseJid } from "./jid.js";
import type { BinaryNode } from "./node.js";
import { COMPRESSED_FLAG, HEX_ALPHABET, JidDomain, MAX_PACKED_LENGTH, NIBBLE_ALPHABET, Tag } from "./tags.js";
import type { TokenDictionary } from "./dictionary.js";

/** How a frame is written. */
export interface EncodeOptions {
  /** Deflate the body and set the flag that says so. */
  readonly compress?: boolean;
}

/** The bytes of a node, with the leading flags byte; what goes into one encrypted frame. */
export function encodeNode(
  root: BinaryNode,
  dictionary: TokenDictionary,
  options: EncodeOptions = {},
): Buffer {
  const writer = new NodeWriter(dictionary);
  writer.node(root);
  const body = Buffer.from(writer.out);
  if (options.compress !== true) return Buffer.concat([Buffer.of(0), body]);
  return Buffer.concat([Buffer.of(COMPRESSED_FLAG), deflateSync(body)]);
}

class NodeWriter {
  readonly out: number[] = [];
  readonly #dictionary: TokenDictionary;

  constructor(dictionary: TokenDictionary) {
    this.#dictionary = dictionary;
  }

  node({ tag, attrs, content }: BinaryNode): void {
    const attributes = Object.entries(attrs).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    this.#listStart(1 + 2 * attributes.length + (content === undefined ? 0 : 1));
    this.#text(tag);
    for (const [name, value] of attributes) {
      this.#text(name);
      this.#text(value);
    }
    if (content === undefined) return;
    if (typeof content === "string") this.#text(content);
    else if (content instanceof Uint8Array) this.#bytes(content);
    else {
      this.#listStart(content.length);
      for (const child of content) this.node(child);
    }
  }

  #listStart(size: number): void {
    if (size === 0) this.out.push(Tag.emptyList);
    else if (size < 256) this.out.push(Tag.list8, size);
    else this.out.push(Tag.list16, size >> 8, size & 0xff);
  }

  #text(text: string): void {
    const code = this.#dictionary.codes.get(text);
    if (code !== undefined) this.out.push(...code);
    else if (this.#packed(text, Tag.nibbles, NIBBLE_ALPHABET)) return;
    else if (this.#packed(text, Tag.hex, HEX_ALPHABET)) return;
    else if (!this.#jid(text)) this.#bytes(Buffer.from(text, "utf8"));
  }

  /** Two characters to a byte, when all are in the alphabet; the empty text is packed with length 0. */
  #packed(text: string, tag: number, alphabet: string): boolean {
    if (text.length > MAX_PACKED_LENGTH) return false;
    const values: number[] = [];
    for (const character of text) {
      const value = alphabet.indexOf(character);
      if (value < 0) return false;
      values.push(value);
    }
    const odd = values.length % 2 === 1;
    if (odd) values.push(0xf);
    this.out.push(tag, (values.length / 2) | (odd ? 0x80 : 0));
    for (let index = 0; index < values.length; index += 2) {
      this.out.push(((values[index] ?? 0) << 4) | (values[index + 1] ?? 0));
    }
    return true;
  }

  #jid(text: string): boolean {
    const at = text.indexOf("@");
    if (at < 0 || at === text.length - 1) return false;
    const jid = parseJid(text);
    if (jid?.device !== undefined && (jid.server === "s.whatsapp.net" || jid.server === "lid")) {
      this.out.push(Tag.deviceJid, jid.server === "lid" ? JidDomain.lid : JidDomain.phone, jid.device);
      this.#text(jid.user);
      return true;
    }
    this.out.push(Tag.jidPair);
    if (at === 0) this.out.push(Tag.emptyList);
    else this.#text(text.slice(0, at));
    this.#text(text.slice(at + 1));
    return true;
  }

  #bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < 256) this.out.push(Tag.bytes8, length);
    else if (length < 1 << 20) this.out.push(Tag.bytes20, length >> 16, (length >> 8) & 0xff, length & 0xff);
    else
      this.out.push(Tag.bytes32, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
    for (const byte of bytes) this.out.push(byte);
  }
}
