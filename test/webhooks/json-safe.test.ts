import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { toJsonSafe, TooManyValuesError } from "../../src/events/json-safe.js";

/** The Long that protobuf messages hold. */
const { Long } = protobuf.util as unknown as {
  readonly Long: {
    fromNumber(value: number): object;
    fromString(value: string): object;
    readonly MIN_VALUE: object;
    readonly MAX_UNSIGNED_VALUE: object;
  };
};

/** What a receiver gets to see. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(toJsonSafe(value))) as unknown;

describe("the JSON form of an event", () => {
  it.each([
    ["a Buffer", Buffer.from([0, 255, 16])],
    ["a Uint8Array", Uint8Array.of(0, 255, 16)],
    ["an ArrayBuffer", Uint8Array.of(0, 255, 16).buffer],
    ["a view into a larger buffer", new Uint8Array([9, 0, 255, 16, 9]).subarray(1, 4)],
    ["a DataView", new DataView(Uint8Array.of(0, 255, 16).buffer)],
  ])("has %s as base64", (_, bytes) => {
    expect(sent({ bytes })).toEqual({ bytes: "AP8Q" });
  });

  it.each([
    ["a small Long", Long.fromNumber(1_700_000_000), 1_700_000_000],
    ["the largest exact Long", Long.fromString("9007199254740991"), 9_007_199_254_740_991],
    ["the first Long that is not exact", Long.fromString("9007199254740993"), "9007199254740993"],
    ["a negative Long", Long.fromNumber(-2), -2],
    ["a very negative Long", Long.MIN_VALUE, "-9223372036854775808"],
    ["an unsigned Long", Long.MAX_UNSIGNED_VALUE, "18446744073709551615"],
    ["a Long that lost its class in a store", { low: -1, high: 0, unsigned: true }, 4_294_967_295],
    ["a small bigint", 5n, 5],
    ["a large bigint", 2n ** 64n, "18446744073709551616"],
  ])("has %s as a number where that is exact, else as a string", (_, value, expected) => {
    expect(sent({ value })).toEqual({ value: expected });
  });

  it("keeps an object that only looks a little like a Long", () => {
    const reading = { low: 1, high: 2, unsigned: false, unit: "mm" };
    expect(sent(reading)).toEqual(reading);
  });

  it.each([
    ["NaN", NaN],
    ["Infinity", -Infinity],
    ["an invalid date", new Date(NaN)],
  ])("has null for %s", (_, value) => expect(sent([value])).toEqual([null]));

  it("has dates as ISO 8601, sets as lists, maps as objects", () => {
    const value = { at: new Date(0), set: new Set([1, "b"]), map: new Map([["k", Buffer.from("x")]]) };
    expect(sent(value)).toEqual({ at: "1970-01-01T00:00:00.000Z", set: [1, "b"], map: { k: "eA==" } });
  });

  it("drops what JSON does not know, and keeps its place in a list", () => {
    expect(sent({ a: undefined, b: () => 1, c: Symbol("s"), d: 1 })).toEqual({ d: 1 });
    expect(sent([undefined, () => 1, 1])).toEqual([null, null, 1]);
    expect([undefined, null, () => 1].map(sent)).toEqual([null, null, null]);
  });

  it("has an error as its name, message and fields, without the stack", () => {
    const error = Object.assign(new TypeError("broken"), {
      output: { statusCode: 428 },
      data: Buffer.from("x"),
    });
    expect(sent({ error })).toEqual({
      error: { name: "TypeError", message: "broken", output: { statusCode: 428 }, data: "eA==" },
    });
    expect(JSON.stringify(sent(error))).not.toContain("json-safe.test");
  });

  it("leaves out a reference back to what holds it, and keeps what is only shared", () => {
    const shared = { n: 1 };
    const node: Record<string, unknown> = { one: shared, two: shared };
    node["self"] = node;
    node["list"] = [node];
    const error = new Error("loop");
    Object.assign(error, { cause: error, node });
    expect(sent(node)).toEqual({ one: { n: 1 }, two: { n: 1 }, list: [null] });
    expect(sent(error)).toMatchObject({ message: "loop", node: { one: { n: 1 } } });
  });

  it("ends at a depth no message has, instead of ending the stack", () => {
    let deep: object = {};
    for (let n = 0; n < 100_000; n += 1) deep = { deep };
    expect(JSON.stringify(sent(deep)).length).toBeLessThan(2_000);
  });

  it("refuses an object that unfolds without end", () => {
    let value: object = { end: true };
    for (let n = 0; n < 40; n += 1) value = { a: value, b: value };
    expect(() => toJsonSafe(value)).toThrow(TooManyValuesError);
  });

  it("loses one field to a getter that throws, not the event", () => {
    const value = {
      good: 1,
      get bad(): never {
        throw new Error("no");
      },
    };
    expect(sent(value)).toEqual({ good: 1 });
  });

  it("has a field of the name __proto__ as any other", () => {
    const value = JSON.parse('{"__proto__":{"admin":true},"a":1}') as object;
    const result = toJsonSafe(value);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"admin":true},"a":1}');
  });

  it("ignores toJSON, which turns protobuf's enums into names", () => {
    expect(sent({ toJSON: () => "other", status: 2 })).toEqual({ status: 2 });
  });
});
