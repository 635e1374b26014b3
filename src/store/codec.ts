/**
 * How values become text and text becomes values.
 *
 * Only the own properties of a value are written; its `toJSON` is never called. whaileys keeps the keys of skipped group
 * messages in protobuf objects whose `toJSON` drops them: serialisers built on `JSON.stringify` (Keyv's default, the usual
 * `BufferJSON`) lose messages that arrive out of order. Buffers have the form that `BufferJSON` writes
 * (`{"type":"Buffer","data":"<base64>"}`), so data written with it can be read.
 */

/** A value as its JSON text: immutable, so it can wait in a queue or a cache while the live object goes on changing. */
export class Encoded {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Stands between a value's text and the text that is stored: plain, or encrypted (`encryption.ts`). */
export interface RecordCodec {
  /** Whether it has a key to encrypt with. */
  readonly encrypts: boolean;
  /** From now on a plain text is refused like a damaged one, if the codec encrypts. */
  requireSealed(): void;
  /** The text to store under a key. */
  seal(key: string, encoded: Encoded): string;
  /**
   * The value's text from what is stored under a key. Throws a ZpwootError `STORE_UNAVAILABLE` when the encryption key of the
   * record was not given, any other error when the record is damaged.
   */
  open(key: string, stored: string): Encoded;
}

/** Takes a snapshot of a value. Returns an {@link Encoded} as it is. Throws a TypeError for a value that contains itself. */
export function encode(value: unknown): Encoded {
  if (value instanceof Encoded) return value;
  return new Encoded(JSON.stringify(toPlain(value, 0)) ?? "null");
}

/** The value behind a text, with its Buffers. Throws a SyntaxError when the text is not JSON. */
export function decode({ text }: Encoded): unknown {
  const value: unknown = JSON.parse(text);
  // Most records hold none, such as sessions: they need not be walked.
  return text.includes('"Buffer"') ? revive(value) : value;
}

/** Deeper than any real value: a cycle ends with an error instead of a stack overflow. */
const MAX_DEPTH = 200;

function toPlain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new TypeError("A value to store is nested too deeply, or contains itself");
  if (value instanceof Uint8Array)
    return bufferJson(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return bufferJson(Buffer.from(value));
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return arrayToPlain(value, depth);
  return objectToPlain(value as Record<string, unknown>, depth);
}

function bufferJson(buffer: Buffer): object {
  return { type: "Buffer", data: buffer.toString("base64") };
}

/** Copies only when an element changes: most arrays hold plain values. */
function arrayToPlain(array: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < array.length; index += 1) {
    const item = array[index];
    const plain = toPlain(item, depth + 1);
    if (copy === undefined && plain !== item) copy = array.slice(0, index);
    copy?.push(plain);
  }
  return copy ?? array;
}

/** Copies only when a property changes or `JSON.stringify` would call a `toJSON`. */
function objectToPlain(object: Record<string, unknown>, depth: number): object {
  const keys = Object.keys(object);
  let copy = typeof object.toJSON === "function" ? nullObject() : undefined;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] as string;
    const value = object[key];
    const plain = toPlain(value, depth + 1);
    if (copy === undefined && plain !== value) {
      copy = nullObject();
      for (const earlier of keys.slice(0, index)) copy[earlier] = object[earlier];
    }
    if (copy !== undefined) copy[key] = plain;
  }
  return copy ?? object;
}

/** Without a prototype, so that a property called `__proto__` is stored like any other. */
function nullObject(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = revive(item);
    return value;
  }
  const object = value as Record<string, unknown>;
  const buffer = asBuffer(object);
  if (buffer !== undefined) return buffer;
  for (const key of Object.keys(object)) {
    const item = object[key];
    if (typeof item === "object" && item !== null) setOwn(object, key, revive(item));
  }
  return object;
}

function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** `data` is base64 here, in BufferJSON and in Baileys; `JSON.stringify` of a Buffer writes an array of bytes. */
function asBuffer(object: Record<string, unknown>): Buffer | undefined {
  if (object.type !== "Buffer" || Object.keys(object).length !== 2) return undefined;
  const { data } = object;
  if (typeof data === "string") return Buffer.from(data, "base64");
  return Array.isArray(data) ? Buffer.from(data as number[]) : undefined;
}
