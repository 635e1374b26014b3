/** Reads single fields of protobuf messages by their numbers. Of a field that is there twice the last one counts, as for the libraries. */

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
/** Of a varint. */
const MAX_BYTES = 10;

/** The fields of one message. */
export interface Fields {
  /** The bytes of a field; empty if it is absent. */
  bytes(field: number): Uint8Array;
  /** The number in a field; 0 if it is absent. Exact up to 2^53. */
  number(field: number): number;
}

/** Parses a message. Throws a `RangeError` if it is malformed. */
export function fieldsOf(message: Uint8Array): Fields {
  const bytes = new Map<number, Uint8Array>();
  const numbers = new Map<number, number>();
  const cursor = new Cursor(message);
  while (!cursor.ended) {
    const tag = cursor.varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        numbers.set(field, cursor.varint());
        break;
      case BYTES:
        bytes.set(field, cursor.take(cursor.varint()));
        break;
      case FIXED_64:
        cursor.take(8);
        break;
      case FIXED_32:
        cursor.take(4);
        break;
      default:
        throw new RangeError("a field has an unknown type");
    }
  }
  return {
    bytes: (field) => bytes.get(field) ?? new Uint8Array(0),
    number: (field) => numbers.get(field) ?? 0,
  };
}

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("a field is longer than its message");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  varint(): number {
    let value = 0;
    for (let place = 0; place < MAX_BYTES; place += 1) {
      const byte = this.take(1)[0] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  }
}
