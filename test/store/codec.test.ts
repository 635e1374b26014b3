import { describe, expect, it } from "vitest";
import { decode, Encoded, encode } from "../../src/store/codec.js";

const copy = (value: unknown): unknown => decode(encode(value));

describe("the codec", () => {
  it.each([
    ["nothing", null],
    ["a text", "ünï→😀"],
    ["a number", 1.5],
    ["nested lists and objects", { list: [1, [true, { deep: "x" }]], none: null }],
    ["Buffers at any depth", { list: [Buffer.from([0, 255])], empty: Buffer.alloc(0) }],
    ["a property called toJSON", { toJSON: 1 }],
    ["an object of the form of a Buffer with more properties", { type: "Buffer", data: "AA==", more: 1 }],
  ])("returns %s as it was", (_, value) => {
    expect(copy(value)).toEqual(value);
  });

  it.each([
    ["a view on a part of its memory", new Uint8Array([9, 1, 2, 9]).subarray(1, 3), Buffer.from([1, 2])],
    ["an ArrayBuffer", new Uint8Array([1, 2]).buffer, Buffer.from([1, 2])],
    ["a bigint", 12345678901234567890n, "12345678901234567890"],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["undefined", undefined, null],
    ["a function in an object", { kept: 1, dropped: () => 1 }, { kept: 1 }],
    ["a function in a list", [1, () => 1], [1, null]],
  ])("writes %s in its plain form", (_, value, plain) => {
    expect(copy(value)).toEqual(plain);
  });

  it("writes all own properties of an object, whatever its toJSON leaves out", () => {
    const message = Object.assign(Object.create({ toJSON: () => ({}) }) as object, { skipped: [1, 2] });
    expect(copy({ message })).toEqual({ message: { skipped: [1, 2] } });
  });

  it("reads a Buffer that JSON.stringify wrote", () => {
    expect(decode(new Encoded(JSON.stringify({ key: Buffer.from([1, 2]) })))).toEqual({
      key: Buffer.from([1, 2]),
    });
  });

  it("keeps a property called __proto__ as data", () => {
    const text = '{"__proto__":{"polluted":true},"a":{"type":"Buffer","data":"AQ=="}}';
    const read = decode(new Encoded(text)) as Record<string, unknown>;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(["__proto__", "a"]);
    expect(JSON.parse(encode(read).text)).toEqual(JSON.parse(text));
  });

  it("takes a snapshot, and leaves the value as it is", () => {
    const value = { bytes: Buffer.from([1]), list: [1n] };
    const before = encode(value);
    value.bytes[0] = 2;
    expect(decode(before)).toEqual({ bytes: Buffer.from([1]), list: ["1"] });
    expect(value.list).toEqual([1n]);
    expect(encode(before)).toBe(before);
  });

  it("refuses a value that contains itself", () => {
    const value: Record<string, unknown> = {};
    value["self"] = value;
    expect(() => encode(value)).toThrow(TypeError);
  });

  it("throws a SyntaxError for a text that is not JSON", () => {
    expect(() => decode(new Encoded("{cut off"))).toThrow(SyntaxError);
  });
});
