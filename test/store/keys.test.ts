import { describe, expect, it } from "vitest";
import {
  decodeIdPart,
  encodeIdPart,
  keyListKey,
  keyListPageKey,
  recordKey,
  sessionPrefix,
  spaceKey,
} from "../../src/store/keys.js";

/** The width of the column that @keyv/postgres makes. */
const MAX_KEY = 255;

const ODD_IDS = ["a:b", "a/b", "50%", "back\\slash", "ünï→😀", "*[x]?", "~hash", "'()!", "\uD800", " ", ""];

describe("keys", () => {
  it("show plain ids as they are", () => {
    expect(spaceKey("one", "pre-key", "7")).toBe("wa/one/pre-key/7");
    expect(recordKey("one")).toBe("wa/one/record");
    expect(keyListKey("one")).toBe("wa/one/keys");
    expect(keyListPageKey("one", "pre-key", "n0")).toBe("wa/one/keys/pre-key/n0");
  });

  it.each(ODD_IDS)("encode %j reversibly, without separators", (id) => {
    const part = encodeIdPart(id);
    expect(part).toMatch(/^[A-Za-z0-9_.@%-]*$/);
    expect(decodeIdPart(part)).toBe(id);
  });

  it("differ for different ids", () => {
    expect(new Set(ODD_IDS.map(encodeIdPart)).size).toBe(ODD_IDS.length);
  });

  it("have a prefix that no other session's keys have", () => {
    const ids = ["a", "ab", "a/b", "a%2Fb", "A"];
    for (const id of ids) {
      const others = ids.filter((other) => other !== id).map((other) => spaceKey(other, "session", "1"));
      expect(others.filter((key) => key.startsWith(sessionPrefix(id)))).toEqual([]);
    }
  });

  it("fit into their column, with a hash in the place of an id that is too long", () => {
    const long = "→".repeat(500);
    const key = spaceKey(long, "x".repeat(40), long);
    expect(key.length).toBeLessThanOrEqual(MAX_KEY);
    expect(key).not.toBe(spaceKey(long, "x".repeat(40), `${long}x`));
    expect(decodeIdPart(encodeIdPart(long))).toBeUndefined();
  });
});
