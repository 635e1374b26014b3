/** The node, the shape of every message after the handshake: a tag, attributes, and content. */

/** Attributes of a node. A null or undefined attribute is left out on the wire. */
export type NodeAttributes = Readonly<Record<string, string | undefined>>;

/** What a node holds: children, bytes, text, or nothing. */
export type NodeContent = readonly BinaryNode[] | Uint8Array | string | undefined;

/** One node of the protocol, also called a stanza when it stands at the top. */
export interface BinaryNode {
  readonly tag: string;
  readonly attrs: NodeAttributes;
  readonly content?: NodeContent;
}

/** Makes a node; shorter to read than the literal where many are nested. */
export function node(tag: string, attrs: NodeAttributes = {}, content?: NodeContent): BinaryNode {
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

/** The children of a node, of one tag if it is given. Empty when the node holds bytes, text or nothing. */
export function childrenOf(parent: BinaryNode | undefined, tag?: string): readonly BinaryNode[] {
  const content = parent?.content;
  if (content === undefined || typeof content === "string" || content instanceof Uint8Array) return [];
  return tag === undefined ? content : content.filter((child) => child.tag === tag);
}

/** The first child of a tag, or the first child at all. */
export function childOf(parent: BinaryNode | undefined, tag?: string): BinaryNode | undefined {
  return childrenOf(parent, tag)[0];
}

/** Content as bytes. Text that happens to be a known word or digits arrives as a string, so both are accepted. */
export function bytesOf(target: BinaryNode | undefined): Buffer | undefined {
  const content = target?.content;
  if (typeof content === "string") return Buffer.from(content, "utf8");
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

/** Content as text; see {@link bytesOf}. */
export function textOf(target: BinaryNode | undefined): string | undefined {
  return bytesOf(target)?.toString("utf8");
}

/** Content as an unsigned big-endian number; undefined when it is not 1 to 6 bytes. */
export function numberOf(target: BinaryNode | undefined): number | undefined {
  const content = target?.content;
  if (!(content instanceof Uint8Array) || content.length === 0 || content.length > 6) return undefined;
  return Buffer.from(content).readUIntBE(0, content.length);
}

/** A number as big-endian bytes of a fixed size. */
export function bigEndian(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}
