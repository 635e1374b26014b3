/** What WhatsApp answers where the emulator does not: LID groups, other forms of a number, parts that are missing. */
import { describe, expect, it } from "vitest";
import type { OpenCall, Stanza } from "../../src/calls/caller.js";
import { groupIn, resultsOf } from "../../src/calls/group-answers.js";
import { askForNumbers } from "../../src/calls/number-query.js";
import { callError, type CallFacts } from "../../src/calls/refusals.js";

const node = (tag: string, attrs: Record<string, string> = {}, content?: Stanza["content"]): Stanza =>
  content === undefined ? { tag, attrs } : { tag, attrs, content };
const ANA = { pn: "5511999990001@s.whatsapp.net", lid: "111@lid" };
const BIA = { pn: "5511999990002@s.whatsapp.net", lid: "222@lid" };

describe("a group that hides phone numbers", () => {
  const group = node("group", { id: "120363", subject: "Hidden", addressing_mode: "lid", creator: ANA.lid }, [
    node("participant", { jid: ANA.lid, phone_number: ANA.pn, type: "superadmin" }),
    node("participant", { jid: BIA.lid }),
    node("participant", { jid: "333@lid", error: "403" }),
    node("participant"),
    node("linked_parent", { jid: "999@g.us" }),
  ]);

  it("has its members by phone number where WhatsApp shows it, and those who could not be added are none", () => {
    expect(groupIn(node("iq", {}, [group]), { pn: undefined, lid: ANA.lid })).toEqual({
      ...{ id: "120363@g.us", subject: "Hidden", description: null, owner: ANA.lid, createdAt: null },
      ...{ size: 3, onlyAdminsWrite: false, onlyAdminsEdit: false, isCommunity: false },
      ...{ community: "999@g.us", isAdmin: true },
      participants: [
        { jid: ANA.pn, lid: ANA.lid, admin: "superadmin" },
        { jid: BIA.lid, lid: BIA.lid, admin: null },
      ],
    });
    expect(groupIn(node("iq", {}, [group]), { pn: BIA.pn, lid: BIA.lid })?.isAdmin).toBe(false);
    expect(groupIn(node("iq"), undefined)).toBeUndefined();
    expect(groupIn(node("iq", {}, [node("group")]), undefined)).toBeUndefined();
  });

  it("gives results by any address, by their place where each has another kind, and says who has none", () => {
    const asked = [ANA.pn, BIA.pn];
    const named = [
      node("participant", { jid: BIA.lid, phone_number: BIA.pn, error: "409" }),
      node("participant", { jid: ANA.lid, phone_number: ANA.pn }),
    ];
    expect(resultsOf(asked, named, "add")).toEqual([
      { jid: ANA.pn, outcome: "done", code: 200 },
      { jid: BIA.pn, outcome: "already-member", code: 409 },
    ]);
    const hidden = [
      node("participant", { jid: ANA.lid }),
      node("participant", { jid: BIA.lid, error: "408" }),
    ];
    expect(resultsOf(asked, hidden, "add").map(({ outcome }) => outcome)).toEqual(["done", "left-recently"]);
    expect(resultsOf(asked, hidden.slice(1), "add").map(({ outcome }) => outcome)).toEqual([
      "unanswered",
      "unanswered",
    ]);
    expect(resultsOf([ANA.pn], [node("participant", { jid: BIA.pn })], "add")[0]?.outcome).toBe("unanswered");
  });

  it.each([
    ["403", "add", "not-allowed"],
    ["401", "remove", "not-allowed"],
    ["404", "promote", "not-member"],
    ["419", "add", "group-full"],
    ["409", "promote", "refused"],
    ["500", "add", "refused"],
  ] as const)("calls the number %s of %s %s", (error, action, outcome) => {
    const answered = [node("participant", { jid: ANA.pn, error })];
    expect(resultsOf([ANA.pn], answered, action)).toEqual([{ jid: ANA.pn, outcome, code: Number(error) }]);
  });
});

describe("a number", () => {
  const call = (users: Stanza[]): OpenCall => ({
    socket: { generateMessageTag: () => "1" } as never,
    query: async () => node("iq", {}, [node("usync", {}, [node("list", {}, users)])]),
  });

  it("is found by what was asked, whatever the form that has the account", async () => {
    const users = [
      node("user", { jid: "551188887777@s.whatsapp.net" }, [
        node("contact", { type: "in" }, Buffer.from("+5511988887777")),
        node("lid", { val: ANA.lid }),
      ]),
      node("user", {}, [node("contact", { type: "out" }, Buffer.from("+5511900000000"))]),
    ];
    expect(await askForNumbers(call(users), ["5511900000000", "5511988887777", "5511911112222"])).toEqual([
      { phoneNumber: "+5511900000000", exists: false, jid: null, lid: null },
      ...[
        { phoneNumber: "+5511988887777", exists: true, jid: "551188887777@s.whatsapp.net", lid: ANA.lid },
        { phoneNumber: "+5511911112222", exists: false, jid: null, lid: null },
      ],
    ]);
  });
});

describe("a refusal", () => {
  const facts: CallFacts = { name: "groups.get", about: "group", changes: false };

  it("quotes nothing of what the library threw but its number", () => {
    for (const thrown of [
      Object.assign(new Error("secret"), { data: 403 }),
      Object.assign(new Error("secret"), { data: { attrs: { code: "403" } } }),
    ]) {
      const error = callError(thrown, facts);
      expect(error).toMatchObject({ code: "NOT_ALLOWED", status: 403 });
      expect(error.message).not.toContain("secret");
    }
  });

  it.each([
    [Object.assign(new Error("x"), { output: { statusCode: 408 } }), "TIMEOUT", "did not answer in time"],
    [Object.assign(new Error("x"), { output: { statusCode: 428 } }), "CONNECTION_FAILED", "connection ended"],
    [new TypeError("x"), "CONNECTION_FAILED", "the library failed"],
    [undefined, "CONNECTION_FAILED", "the library failed"],
  ])("without a number is no refusal: %s is %s", (thrown, code, text) => {
    const error = callError(thrown, facts);
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });
});
