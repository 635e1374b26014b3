import { describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { decode, encode } from "../../src/store/codec.js";
import {
  encodedGeneration,
  generationEntry,
  generationKeys,
  newestGeneration,
} from "../../src/store/generations.js";
import type { StoredValue } from "../../src/store/store.js";

const corrupt = new ZpwootError("STORE_CORRUPT", "unreadable");
const generation = (number: unknown, value: unknown): StoredValue => ({
  value: { generation: number, value },
});

function newest(a?: StoredValue, b?: StoredValue) {
  const places = [a, b].flatMap((found, index) =>
    found === undefined ? [] : [[generationKeys("k")[index] as string, found] as const],
  );
  return newestGeneration("k", new Map(places));
}

describe("a record in two places", () => {
  it("is written to them alternately", () => {
    expect([1, 2, 3].map((number) => generationEntry("k", number, "x")[0])).toEqual(["k.a", "k.b", "k.a"]);
  });

  it("is read as it was written, as a value or as its text", () => {
    const [place, value] = generationEntry("k", 2, { x: 1 });
    expect(newestGeneration("k", new Map([[place, { value }]]))).toEqual({
      number: 2,
      value: { x: 1 },
      damaged: false,
    });
    expect(decode(encodedGeneration(2, encode({ x: 1 })))).toEqual(value);
  });

  it("does not exist when both places are empty", () => {
    expect(newest()).toBeUndefined();
  });

  it("has its newest generation in either place", () => {
    expect(newest(generation(3, "new"), generation(2, "old"))?.value).toBe("new");
    expect(newest(generation(3, "old"), generation(4, "new"))?.value).toBe("new");
  });

  it.each([
    ["can't be read", { corrupt }],
    ["has no number", { value: { value: "x" } }],
    ["has no value", { value: { generation: 9 } }],
    ["has a number that is not an integer", generation(1.5, "x")],
    ["is of another form", { value: null }],
  ] satisfies [string, StoredValue][])("uses the other generation when one %s, and says so", (_, broken) => {
    expect(newest(generation(1, "kept"), broken)).toEqual({ number: 1, value: "kept", damaged: true });
  });

  it("rejects with the error of the record when no generation can be read", () => {
    expect(() => newest({ corrupt })).toThrow(corrupt);
    expect(() => newest({ value: "other" }, { value: {} })).toThrow(
      expect.objectContaining({ code: "STORE_CORRUPT" }),
    );
  });
});
