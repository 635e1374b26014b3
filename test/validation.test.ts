import { describe, expect, it } from "vitest";
import { isZpwootError, type ZpwootError } from "../src/errors.js";
import { validateCreateSession, validatePhoneNumber } from "../src/api/validation.js";

function refusalOf(call: () => unknown): ZpwootError {
  try {
    call();
  } catch (error) {
    if (isZpwootError(error, "INVALID_INPUT")) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("validateCreateSession", () => {
  it("leaves only what create takes", () => {
    const given = {
      name: "a",
      webhookUrl: "http://b",
      webhookEvents: ["chats.delete"],
      id: "c",
      desired: "online",
    };
    const { id: _id, desired: _desired, ...taken } = given;
    expect(validateCreateSession(given)).toEqual(taken);
  });

  it("drops what is null or undefined", () => {
    const given = { name: "a", webhookUrl: null, webhookEvents: undefined };
    expect(Object.keys(validateCreateSession(given))).toEqual(["name"]);
  });

  it("does not change a URL, a name or the order of events", () => {
    const given = {
      name: "  spaced  ",
      webhookUrl: "HTTPS://Example.com:443/a b".replace(" ", "%20"),
      webhookEvents: ["chats.delete", "messages.upsert", "chats.delete"],
    };
    expect(validateCreateSession(given)).toEqual(given);
  });

  it("tells every broken rule once, in the order of the fields", () => {
    const given = { webhookEvents: Array.from({ length: 50 }, () => "no"), webhookUrl: "no", name: 1 };
    const { details, message } = refusalOf(() => validateCreateSession(given));
    expect(details.map((detail) => detail.split(" ").slice(0, 4).join(" "))).toEqual([
      "name must be a",
      "webhookUrl must be a",
      "each value in webhookEvents",
    ]);
    expect(message).toContain("name must be a string; webhookUrl must be a URL address");
  });

  it("refuses a name that no UTF-8 store can hold", () => {
    expect(refusalOf(() => validateCreateSession({ name: "a\ud800" })).details).toEqual([
      "name must be valid Unicode",
    ]);
    expect(validateCreateSession({ name: "🇧🇷" })).toEqual({ name: "🇧🇷" });
  });

  it.each([undefined, null, 1, "a", [], () => "a", new Map([["name", "a"]])])("refuses %o", (given) => {
    expect(refusalOf(() => validateCreateSession(given)).details).toEqual(["name must be a string"]);
  });

  it.each([
    "http://a",
    "https://a.b/c?d#e",
    "http://[::1]:3000/",
    "http://user:pass@host/",
    "http://xn--bcher-kva.example/",
  ])("takes the URL %s", (webhookUrl) =>
    expect(validateCreateSession({ name: "a", webhookUrl })).toEqual({ name: "a", webhookUrl }),
  );

  it.each([
    "http:/a",
    "http:\\\\a",
    " http://a",
    "http://a ",
    "http://a b",
    "http:///a",
    "http://?a",
    "http://a:99999",
    "http://[",
    "//a",
    "a.b",
    "file:///a",
    "http://a\n",
  ])("refuses the URL %o", (webhookUrl) => {
    const { details } = refusalOf(() => validateCreateSession({ name: "a", webhookUrl }));
    expect(details).toEqual(["webhookUrl must be a URL address"]);
  });
});

describe("validatePhoneNumber", () => {
  it.each(["+5511999999999", "14155552671"])("gives %s back", (number) => {
    expect(validatePhoneNumber(number)).toBe(number);
  });

  it.each([undefined, null, 5511999999999, {}, "", "+0", "5", "+55 11"])("refuses %o", (value) => {
    const sentence = "Phone number must be in international format (e.g., +5511999999999)";
    expect(refusalOf(() => validatePhoneNumber(value)).details).toEqual([sentence]);
  });
});
