import { describe, expect, it } from "vitest";
import { portableAuthIn } from "../../src/backup/portable-form.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const creds = {
  ...loadWhaileys().initAuthCreds(),
  account: {},
  me: { id: "551199@s.whatsapp.net" },
};
const preKey = { public: Buffer.alloc(32), private: Buffer.alloc(32) };

describe("the auth state in a bundle or a snapshot", () => {
  it("is taken with the keys that a library can read; others count as absent", () => {
    const readable = { family: "pre-key", id: "1", value: preKey };
    const keys = [
      readable,
      { family: "pre-key", id: "2", value: "text" },
      { family: "session", id: "551188.0", value: null },
      { family: "creds", id: "linked", value: true },
    ];
    expect(portableAuthIn({ generation: 3, creds, keys })).toEqual({
      generation: 3,
      creds,
      keys: [readable],
    });
  });

  it.each([
    ["nothing", null],
    ["no keys", { generation: 1, creds }],
    ["keys that are none", { generation: 1, creds, keys: [null] }],
    ["a generation that is no number", { generation: "9", creds, keys: [] }],
    ["no credentials", { generation: 1, keys: [] }],
    ["credentials that are not linked", { generation: 1, creds: { ...creds, account: undefined }, keys: [] }],
    ["credentials without an account id", { generation: 1, creds: { ...creds, me: {} }, keys: [] }],
    ["an empty key pair", { generation: 1, creds: { ...creds, signedIdentityKey: {} }, keys: [] }],
    [
      "key pairs of text",
      { generation: 1, creds: { ...creds, noiseKey: { public: "a", private: "b" } }, keys: [] },
    ],
    [
      "a signed pre-key without its pair",
      { generation: 1, creds: { ...creds, signedPreKey: { keyId: 1 } }, keys: [] },
    ],
  ])("is refused with %s", (_, value) => {
    expect(() => portableAuthIn(value)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });
});
