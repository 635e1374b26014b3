/** Converts anything in WhatsApp's events to JSON: bytes, 64-bit integers, protobuf messages, errors, cycles. */

/** A value of JSON. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Deeper than any WhatsApp message; shallow enough not to overflow the stack. */
const MAX_DEPTH = 100;
/** Values in one result. A small object that refers to its parts many times can unfold into a huge result. */
const MAX_VALUES = 1_000_000;

/** A value would unfold into more than can be sent in one event. */
export class TooManyValuesError extends Error {
  override readonly name = "TooManyValuesError";
}

interface Walk {
  /** What contains the value, outermost first. A list: there are a handful of them, and every event is walked. */
  readonly ancestors: object[];
  values: number;
}

/**
 * The JSON form of a value: bytes as base64; 64-bit integers as numbers where these are exact, else as decimal strings; protobuf
 * enums as the numbers they are; dates as ISO 8601; sets and maps as arrays and objects; errors as name, message and own fields,
 * without the stack. `undefined`, functions and symbols are dropped, and so is a reference to an object that contains it (in an
 * array: null). `toJSON` is ignored, since protobuf's turns enums into names and loses unknown fields.
 * @throws TooManyValuesError
 */
export function toJsonSafe(value: unknown): JsonValue {
  return convert(value, { ancestors: [], values: 0 }) ?? null;
}

function convert(value: unknown, walk: Walk): JsonValue | undefined {
  if (++walk.values > MAX_VALUES) throw new TooManyValuesError("The event holds too many values");
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return fromBigInt(value);
    case "object":
      return value === null ? null : fromObject(value, walk);
    case "undefined":
    case "function":
    case "symbol":
      return undefined;
  }
}

function fromObject(value: object, walk: Walk): JsonValue | undefined {
  const leaf = fromLeaf(value);
  if (leaf !== undefined) return leaf;
  const { ancestors } = walk;
  if (ancestors.length >= MAX_DEPTH || ancestors.includes(value)) return undefined;
  ancestors.push(value);
  // Nothing goes on with a walk that was left by an error.
  const result = fromContainer(value, walk);
  ancestors.pop();
  return result;
}

function fromContainer(value: object, walk: Walk): JsonValue {
  if (Array.isArray(value) || value instanceof Set) return fromItems(value as Iterable<unknown>, walk);
  if (value instanceof Map) return fromEntries(value as Map<unknown, unknown>, walk);
  if (value instanceof Error) return fromEntries(errorEntries(value), walk);
  const result: Record<string, JsonValue> = {};
  for (const name of Object.keys(value)) setField(result, name, convert(readField(value, name), walk));
  return result;
}

/** Objects that become one JSON value. */
function fromLeaf(value: object): JsonValue | undefined {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return longValue(value);
}

/** The JSON form of a 64-bit integer as protobuf has it: an object; undefined for anything else. */
export function longValue(value: object): number | string | undefined {
  return isLong(value) ? fromBigInt(longToBigInt(value)) : undefined;
}

interface LongLike {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** A Long of any copy of the `long` package, or one that lost its class in a store. */
function isLong(value: object): value is LongLike {
  const { low, high, unsigned } = value as Partial<LongLike>;
  if (typeof low !== "number" || typeof high !== "number" || typeof unsigned !== "boolean") return false;
  return "__isLong__" in value || Object.keys(value).length === 3;
}

function longToBigInt({ low, high, unsigned }: LongLike): bigint {
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return unsigned ? bits : BigInt.asIntN(64, bits);
}

function fromBigInt(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function fromItems(items: Iterable<unknown>, walk: Walk): JsonValue {
  const result: JsonValue[] = [];
  for (const item of items) result.push(convert(item, walk) ?? null);
  return result;
}

function fromEntries(entries: Iterable<readonly [unknown, unknown]>, walk: Walk): JsonValue {
  const result: Record<string, JsonValue> = {};
  for (const [key, value] of entries) setField(result, String(key), convert(value, walk));
  return result;
}

/** An assignment would call the setter of `__proto__` instead of adding the field. */
function setField(target: Record<string, JsonValue>, name: string, value: JsonValue | undefined): void {
  if (value === undefined) return;
  if (name === "__proto__")
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}

function* ownEntries(value: object): Iterable<readonly [string, unknown]> {
  for (const key of Object.keys(value)) yield [key, readField(value, key)];
}

function* errorEntries(error: Error): Iterable<readonly [string, unknown]> {
  yield ["name", error.name];
  yield ["message", error.message];
  for (const [key, value] of ownEntries(error)) if (key !== "stack") yield [key, value];
}

/** A getter that throws must not lose the whole event. */
function readField(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
