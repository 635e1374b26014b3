import { describe, expect, it } from "vitest";
import { validateCreateApiKey, validateCreateSession } from "../../src/api/validation.js";
import { isZpwootError } from "../../src/errors.js";
import { SessionManager } from "../../src/manager/session-manager.js";

const COMPOSED = "S\u00e3o Jos\u00e9";
const DECOMPOSED = "Sa\u0303o Jose\u0301";

const UNPRINTABLE = "name must not contain control characters or bidirectional marks";
const TOO_LONG = "name must be shorter than or equal to 100 characters";

function detailsOf(call: () => unknown): readonly string[] {
  try {
    call();
    return [];
  } catch (error) {
    if (isZpwootError(error, "INVALID_INPUT")) return error.details;
    throw error;
  }
}

describe.each([
  ["a session", (name: string) => validateCreateSession({ name })],
  ["an API key", (name: string) => validateCreateApiKey({ name, role: "viewer" })],
])("the name of %s", (_what, check) => {
  it.each<readonly [string, string, string]>([
    ["half of a character", "a\ud800", "name must be valid Unicode"],
    ["the other half", "\udc00a", "name must be valid Unicode"],
    ["a NUL", "a\0", UNPRINTABLE],
    ["a line break", "a\nb", UNPRINTABLE],
    ["an escape sequence", "\u001b[31m", UNPRINTABLE],
    ["a C1 control", "a\u009b", UNPRINTABLE],
    ["a line separator", "a\u2028b", UNPRINTABLE],
    ...["061c", "200e", "200f", "202a", "202e", "2066", "2069"].map(
      (hex) => [`U+${hex}`, `a${String.fromCodePoint(Number.parseInt(hex, 16))}b`, UNPRINTABLE] as const,
    ),
    ["101 characters", "x".repeat(101), TOO_LONG],
    ["5,000 characters", "x".repeat(5_000), TOO_LONG],
  ])("is refused with %s", (_case, name, message) => {
    expect(detailsOf(() => check(name))).toEqual([message]);
  });

  it.each([
    "x",
    "x".repeat(100),
    "🇧🇷".repeat(50),
    "👩‍👩‍👧",
    "قناة",
    "  spaced  ",
    DECOMPOSED,
    "e\u0301".repeat(100),
  ])("may be %j", (name) => expect(detailsOf(() => check(name))).toEqual([]));
});

describe("the URL of a webhook", () => {
  it.each(["http://a\u0001", "http://a/\ud800", "http://us\u007fer@a/"])("is refused: %j", (webhookUrl) =>
    expect(detailsOf(() => validateCreateSession({ name: "a", webhookUrl }))).toEqual([
      "webhookUrl must be a URL address",
    ]),
  );
});

describe("two sessions", () => {
  it("can't have names that look the same, in one form or the other; a name is stored as it was given", async () => {
    await using manager = new SessionManager({ store: "memory:", logger: false });
    const { id } = await manager.create({ name: DECOMPOSED });
    await expect(manager.create({ name: COMPOSED })).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    expect((await manager.get(id)).name).toBe(DECOMPOSED);
    await manager.delete(id);
    await manager.create({ name: COMPOSED });
  });

  it("created at once under two forms of a name are one", async () => {
    await using manager = new SessionManager({ store: "memory:", logger: false });
    const both = await Promise.allSettled([COMPOSED, DECOMPOSED].map((name) => manager.create({ name })));
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});
