import { describe, expect, it } from "vitest";
import { kindOf, phoneDigits, recipientJid } from "../../src/whatsapp/recipient.js";

const PERSON = "5511999999999@s.whatsapp.net";

describe("a recipient", () => {
  it.each([
    ["+5511999999999", PERSON],
    ["5511999999999", PERSON],
    [" +55 (11) 99999-9999 ", PERSON],
    ["55.11.99999.9999", PERSON],
    ["5511999999999@s.whatsapp.net", PERSON],
    ["5511999999999:12@s.whatsapp.net", PERSON],
    ["5511999999999_1:12@s.whatsapp.net", PERSON],
    ["5511999999999@c.us", PERSON],
    ["123456789012345@lid", "123456789012345@lid"],
    ["123456789012345:3@lid", "123456789012345@lid"],
    ["123456789012345:99@hosted.lid", "123456789012345@lid"],
    ["120363012345678901@g.us", "120363012345678901@g.us"],
    ["5511999999999-1600000000@g.us", "5511999999999-1600000000@g.us"],
  ])("%s is %s", (given, jid) => {
    expect(recipientJid(given, "to")).toBe(jid);
  });

  it.each([
    "",
    "hello",
    "0119999",
    "12",
    "1234567890123456",
    "@s.whatsapp.net",
    "abc@s.whatsapp.net",
    "1@2@s.whatsapp.net",
    "5511999999999@evil.example",
    "5511999999999@constructor",
    "120363@newsletter",
    "x".repeat(1_000),
    undefined,
    5511999999999,
  ])("is not %j", (given) => {
    expect(() => recipientJid(given, "to")).toThrow(
      "to must be a phone number in international format (+5511999999999) or the JID of a person, or the JID of a group",
    );
  });

  it("is of a kind that is wanted", () => {
    expect(recipientJid("120363@newsletter", "to", ["channel"])).toBe("120363@newsletter");
    expect(recipientJid("status@broadcast", "to", ["status"])).toBe("status@broadcast");
    expect(() => recipientJid("+5511999999999", "group", ["group"])).toThrow(
      "group must be the JID of a group",
    );
    expect(() => recipientJid("1@broadcast", "to", ["status"])).toThrow("status@broadcast");
    expect(kindOf("120363@g.us")).toBe("group");
    expect(kindOf("120363@toString")).toBeUndefined();
  });

  it("has digits when it is a phone number", () => {
    expect(phoneDigits("+55 11 99999-9999")).toBe("5511999999999");
    expect(phoneDigits(PERSON)).toBe("5511999999999");
    expect(phoneDigits("123456789012345@lid")).toBeUndefined();
    expect(phoneDigits("120363@g.us")).toBeUndefined();
    expect(phoneDigits(null)).toBeUndefined();
  });
});
