/**
 * Arguments and results as JSON, with what JSON lacks: bytes, dates, streams, signals. Objects lose their classes, and protobuf's 64-bit
 * integers become numbers.
 */
import { longValue } from "../../events/json-safe.js";

/** What carries what is no text. */
export interface Carrier {
  /** Takes a stream to be read from elsewhere, once; gives its id. */
  offer(stream: AsyncIterable<unknown>): string;
  /** Takes bytes to be read from elsewhere; gives their id. */
  offerBytes(bytes: Uint8Array): string;
  /** Notes a signal: its abort is to be told. */
  signal(signal: AbortSignal): void;
}

/** What gives what is no text. */
export interface Source {
  stream(id: string): AsyncIterable<Uint8Array>;
  /** Reads a stream to its end. */
  bytes(id: string): Promise<Buffer>;
  /** Stands in for the signals of the sender. */
  readonly signal: AbortSignal;
}

/** The key of what is no plain JSON. */
const TAG = "$";
/** More bytes than this go as a stream. */
const MAX_INLINE_BYTES = 48 * 1024;
/** Deeper than any real value. */
const MAX_DEPTH = 200;

/** The JSON text of a value. Throws a TypeError for one that contains itself. */
export function encodeValue(value: unknown, carrier: Carrier): string {
  return JSON.stringify(plainOf(value, carrier, 0)) ?? "null";
}

/** The value of a text. Rejects when it is no JSON, or a stream of it breaks. */
export async function decodeValue(text: string, source: Source): Promise<unknown> {
  return revive(JSON.parse(text), source);
}

function plainOf(value: unknown, carrier: Carrier, depth: number): unknown {
  if (depth > MAX_DEPTH)
    throw new TypeError("A value for another node is nested too deeply, or contains itself");
  if (typeof value === "bigint") return { [TAG]: "bigint", v: value.toString() };
  if (typeof value === "number" && !Number.isFinite(value)) return { [TAG]: "number", v: String(value) };
  if (value === undefined) return { [TAG]: "undefined" };
  if (typeof value !== "object" || value === null) return value;
  return specialOf(value, carrier) ?? longValue(value) ?? containerOf(value, carrier, depth);
}

function specialOf(value: object, carrier: Carrier): object | undefined {
  if (value instanceof Uint8Array) return bytesOf(value, carrier);
  if (value instanceof Date) return { [TAG]: "date", v: value.getTime() };
  if (value instanceof AbortSignal) {
    carrier.signal(value);
    return { [TAG]: "signal" };
  }
  if (Symbol.asyncIterator in value)
    return { [TAG]: "stream", v: carrier.offer(value as AsyncIterable<unknown>) };
  return undefined;
}

function bytesOf(value: Uint8Array, carrier: Carrier): object {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length <= MAX_INLINE_BYTES) return { [TAG]: "bytes", v: bytes.toString("base64") };
  return { [TAG]: "streamed-bytes", v: carrier.offerBytes(bytes) };
}

function containerOf(value: object, carrier: Carrier, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => plainOf(item, carrier, depth + 1));
  const entries = Object.entries(value).flatMap(([key, item]) =>
    item === undefined || typeof item === "function"
      ? []
      : [[key, plainOf(item, carrier, depth + 1)] as const],
  );
  return TAG in value ? { [TAG]: "object", v: entries } : Object.fromEntries(entries);
}

async function revive(value: unknown, source: Source): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(isPlain(item) ? item : await revive(item, source));
    return items;
  }
  const tagged = value as { readonly [TAG]?: unknown; readonly v?: unknown };
  if (typeof tagged[TAG] === "string") return special(tagged[TAG], tagged.v, source);
  return fields(Object.entries(value), source);
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

async function fields(entries: Iterable<readonly [string, unknown]>, source: Source): Promise<object> {
  const result: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    const revived = isPlain(item) ? item : await revive(item, source);
    // An assignment would call the setter of `__proto__`.
    Object.defineProperty(result, key, {
      value: revived,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function special(tag: string, v: unknown, source: Source): unknown {
  switch (tag) {
    case "bigint":
      return BigInt(String(v));
    case "number":
      return Number(v);
    case "undefined":
      return undefined;
    case "bytes":
      return Buffer.from(String(v), "base64");
    case "streamed-bytes":
      return source.bytes(String(v));
    case "date":
      return new Date(Number(v));
    case "signal":
      return source.signal;
    case "stream":
      return source.stream(String(v));
    case "object":
      return fields(v as [string, unknown][], source);
    default:
      throw new TypeError(`A value of the kind "${tag}" comes from a newer version`);
  }
}
