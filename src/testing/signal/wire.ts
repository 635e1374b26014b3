/** The flat protobuf messages of Signal, with their version byte. */
import { Reader, Writer } from "protobufjs/minimal.js";
import { SignalError } from "./signal-error.js";

/** First byte of every message: current version 3, oldest version 3. */
const VERSION_BYTE = 0x33;

const FIRST_FIELD = 1;
const VARINT = 0;
const BYTES = 2;

/** A field value of the flat messages Signal uses: an unsigned 32-bit number, bytes, or left out. */
type FieldValue = number | Uint8Array | undefined;

/** The fields of a read message by their number. */
export class WireFields {
  readonly #values: ReadonlyMap<number, FieldValue>;

  constructor(values: ReadonlyMap<number, FieldValue>) {
    this.#values = values;
  }

  /** The number in a field; undefined if it was left out. */
  optionalNumber(field: number): number | undefined {
    const value = this.#values.get(field);
    return typeof value === "number" ? value : undefined;
  }

  /** The number in a field. Throws a {@link SignalError} if it is missing. */
  number(field: number): number {
    const value = this.optionalNumber(field);
    if (value === undefined) throw missing(field);
    return value;
  }

  /** The bytes in a field. Throws a {@link SignalError} if they are missing. */
  bytes(field: number): Uint8Array {
    const value = this.#values.get(field);
    if (!(value instanceof Uint8Array)) throw missing(field);
    return value;
  }
}

/** Writes a protobuf message; the first value is field 1, an undefined one is left out. */
export function encodeFields(...values: readonly FieldValue[]): Uint8Array {
  const writer = Writer.create();
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const field = FIRST_FIELD + index;
    if (typeof value === "number") writer.uint32((field << 3) | VARINT).uint32(value);
    else writer.uint32((field << 3) | BYTES).bytes(value);
  }
  return writer.finish();
}

/** Reads a protobuf message of numbers and bytes. Throws a {@link SignalError} if it is not one. */
export function decodeFields(encoded: Uint8Array): WireFields {
  const values = new Map<number, FieldValue>();
  const reader = Reader.create(encoded);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      const wireType = tag & 7;
      if (wireType === VARINT) values.set(field, reader.uint32());
      else if (wireType === BYTES) values.set(field, reader.bytes());
      else reader.skipType(wireType);
    }
  } catch (cause) {
    throw new SignalError("malformed", "The message is not a protobuf message", { cause });
  }
  return new WireFields(values);
}

/** Puts the version byte before an encoded message. */
export function versioned(encoded: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(VERSION_BYTE), encoded]);
}

/** What follows the version byte. Throws a {@link SignalError} for any other version. */
export function unversioned(message: Uint8Array): Uint8Array {
  if (message[0] !== VERSION_BYTE) {
    throw new SignalError("malformed", "The message is not one of version 3 of the protocol");
  }
  return message.subarray(1);
}

function missing(field: number): SignalError {
  return new SignalError("malformed", `The message lacks its field ${field}`);
}
