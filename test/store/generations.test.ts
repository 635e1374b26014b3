import { describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { decode, encode } from "../../src/store/codec.js";
import {
  encodedGeneration,
  generationEntries,
  generationKeys,
  newestGeneration,
} from "../../src/store/generations.js";
import type { StoredValue } from "../../src/store/store.js";

const corrupt = new ZpwootError("STORE_CORRUPT", "unreadable");
const generation = (number: unknown, value: unknown): StoredValue => ({
  value: { generation: number, value },
});

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
}

function newest(a?: StoredValue, b?: StoredValue) {
  const places = [a, b].flatMap((found, index) =>
    found === undefined ? [] : [[generationKeys("k")[index] as string, found] as const],
  );
  return newestGeneration("k", new Map(places), text);
}

describe("a record in two places", () => {
  it("is written to both, and read as it was written", () => {
    const entries = generationEntries("k", 2, { x: 1 });
    expect(entries.map(([place]) => place)).toEqual(["k.a", "k.b"]);
    const stored = new Map(entries.map(([place, value]) => [place, { value: decode(encode(value)) }]));
    expect(newestGeneration("k", stored, (value) => value)).toEqual({
      number: 2,
      value: { x: 1 },
      damaged: false,
      complete: true,
    });
  });

  it("is written alternately from its text", () => {
    expect(decode(encodedGeneration(2, encode({ x: 1 })))).toEqual({ generation: 2, value: { x: 1 } });
  });

  it("does not exist when both places are empty", () => {
    expect(newest()).toBeUndefined();
  });

  it("has its newest generation in either place", () => {
    expect(newest(generation(3, "new"), generation(2, "old"))?.value).toBe("new");
    expect(newest(generation(3, "old"), generation(4, "new"))?.value).toBe("new");
  });

  it("is complete while both places hold the newest generation", () => {
    expect(newest(generation(3, "x"), generation(3, "x"))?.complete).toBe(true);
    expect(newest(generation(3, "x"), generation(4, "x"))?.complete).toBe(false);
    expect(newest(generation(3, "x"))?.complete).toBe(false);
    expect(newest(generation(3, "x"), { corrupt })?.complete).toBe(false);
  });

  it("had one place, under the key itself, in older stores: generation 0", () => {
    const old = new Map<string, StoredValue>([["k", { value: "old" }]]);
    expect(newestGeneration("k", old, text)).toEqual({
      number: 0,
      value: "old",
      damaged: false,
      complete: false,
    });
    expect(newestGeneration("k", new Map([...old, ["k.b", generation(1, "new")]]), text)?.value).toBe("new");
    expect(() => newestGeneration("k", new Map([["k", { corrupt }]]), text)).toThrow(corrupt);
  });

  it.each([
    ["can't be read", { corrupt }],
    ["has no number", { value: { value: "x" } }],
    ["has no value", { value: { generation: 9 } }],
    ["has a number that is not an integer", generation(1.5, "x")],
    ["is of another form", { value: null }],
    ["holds a value of another form", generation(9, 7)],
  ] satisfies [string, StoredValue][])("uses the other generation when one %s, and says so", (_, broken) => {
    expect(newest(generation(1, "kept"), broken)).toMatchObject({ number: 1, value: "kept", damaged: true });
  });

  it("rejects with the error of the record when no generation can be read", () => {
    expect(() => newest({ corrupt })).toThrow(corrupt);
    expect(() => newest({ value: "other" }, { value: {} })).toThrow(
      expect.objectContaining({ code: "STORE_CORRUPT" }),
    );
  });
});
