/** The deciders of sent messages. */
import { describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { libraryMessage } from "../../src/messages/content.js";
import { fingerprintOf } from "../../src/messages/message-record.js";
import { Pace } from "../../src/messages/pace.js";
import { quotedOf } from "../../src/messages/quoted.js";
import { receiptsIn } from "../../src/messages/receipts.js";
import { numbersOf } from "../../src/messages/recipient.js";
import { failureOf, refusalOf } from "../../src/messages/refusals.js";
import { watchMessageAcks } from "../../src/whatsapp/message-ack.js";

const PERSON = "5511999999999@s.whatsapp.net";
const GROUP = "120363000000000000@g.us";

describe("the forms of a number", () => {
  it.each([
    [PERSON, ["5511999999999", "551199999999"]],
    ["551187654321@s.whatsapp.net", ["551187654321", "5511987654321"]],
    // A landline, and other countries.
    ["551133334444@s.whatsapp.net", ["551133334444"]],
    ["447700900123@s.whatsapp.net", ["447700900123"]],
    ["123456789012345@lid", undefined],
    [GROUP, undefined],
  ])("of %s are %j", (jid, numbers) => {
    expect(numbersOf(jid)).toEqual(numbers);
  });
});

describe("a refusal", () => {
  it.each([
    [463, PERSON, "REACHOUT_LOCKED"],
    [420, PERSON, "RATE_LIMITED"],
    [429, GROUP, "RATE_LIMITED"],
    [404, PERSON, "NOT_ON_WHATSAPP"],
    [410, GROUP, "GROUP_NOT_FOUND"],
    [401, GROUP, "NOT_ALLOWED"],
    [403, PERSON, "NOT_ALLOWED"],
    [479, PERSON, "WHATSAPP_REFUSED"],
    [0, PERSON, "WHATSAPP_REFUSED"],
  ])("with %i of %s is %s", (status, jid, code) => {
    expect(refusalOf(status, jid)).toMatchObject({ code, status });
  });
});

describe("an error of the library", () => {
  const boom = (text: string, statusCode: number, data?: number) =>
    Object.assign(new Error(text), { output: { statusCode }, ...(data === undefined ? {} : { data }) });

  it("of the connection is one, also while a file is uploaded", () => {
    expect(failureOf(boom("Connection Closed", 428), PERSON, false).kind).toBe("connection");
    expect(failureOf(boom("Connection Closed", 428), PERSON, true).kind).toBe("connection");
    expect(failureOf(boom("Timed Out", 408), PERSON, false).kind).toBe("connection");
  });

  it("of a query before the message is WhatsApp's refusal", () => {
    expect(failureOf(boom("forbidden", 500, 403), GROUP, false)).toMatchObject({
      ...{ kind: "final", error: { code: "NOT_ALLOWED", status: 403 } },
    });
  });

  it("of ours is passed on, and of a file says so without its address", () => {
    const ours = new ZpwootError("BAD_SIGNATURE", "not signed");
    expect(failureOf(ours, PERSON, false)).toEqual({ kind: "final", error: ours });
    const failed = failureOf(new Error("ENOTFOUND secret.example"), PERSON, true);
    expect(failed).toMatchObject({ kind: "final", error: { code: "MEDIA_FAILED" } });
    expect(failed.error).toHaveProperty("message", expect.not.stringContaining("secret.example"));
    const unknown = failureOf(new Error("odd"), PERSON, false);
    expect(unknown).toMatchObject({ kind: "final", error: { code: "WHATSAPP_REFUSED" } });
  });
});

describe("the pace", () => {
  it("is the minute by the number, with jitter, and slower for a first contact", () => {
    const pace = { perMinute: 20, jitter: 0.4, firstContact: 3 };
    expect(new Pace(pace, () => 0.5).gapMs(false)).toBe(3_000);
    expect(new Pace(pace, () => 0).gapMs(false)).toBeCloseTo(1_800);
    expect(new Pace(pace, () => 1).gapMs(false)).toBeCloseTo(4_200);
    expect(new Pace(pace, () => 0.5).gapMs(true)).toBe(9_000);
    expect(new Pace({ ...pace, perMinute: Infinity }, () => 0.5).gapMs(true)).toBe(0);
  });
});

describe("what is quoted", () => {
  it("is what a reply shows, without keys and wrappers", () => {
    const message = {
      ephemeralMessage: { message: { imageMessage: { caption: "c", mediaKey: "k", url: "u" } } },
    };
    expect(quotedOf({ key: { id: "A" }, message }, PERSON)).toEqual({
      key: { id: "A", fromMe: false, remoteJid: PERSON },
      message: { imageMessage: { caption: "c" } },
    });
    expect(quotedOf({ key: { id: "A", participant: PERSON } }, GROUP)).toEqual({
      key: { id: "A", fromMe: false, remoteJid: GROUP, participant: PERSON },
      message: { conversation: "" },
    });
  });
});

describe("what the libraries get", () => {
  const options = { jid: PERSON, secret: Buffer.alloc(32, 1), lacksPolls: false };

  it("has no preview unless it is given, and a path that is absolute", () => {
    expect(libraryMessage({ text: "https://a.example" }, options).content).toEqual({
      ...{ text: "https://a.example", linkPreview: null },
    });
    const { image } = libraryMessage({ image: { path: "http:/x" } }, options).content as {
      image: { url: string };
    };
    expect(image.url).toMatch(/^(\/|[A-Z]:)/);
  });

  it("is a finished message where polls are not built, with the same secret each time", () => {
    const poll = { name: "n", options: ["a", "b"] };
    expect(libraryMessage({ poll }, options).content).toMatchObject({
      poll: { messageSecret: options.secret },
    });
    expect(libraryMessage({ poll }, { ...options, lacksPolls: true }).content).toMatchObject({
      forward: { message: { messageContextInfo: { messageSecret: options.secret } } },
    });
  });
});

describe("a fingerprint", () => {
  it("is the same for the same message, whatever the order of its fields, and for the same bytes", () => {
    const one = fingerprintOf(PERSON, { image: Buffer.from("a"), caption: "c" });
    expect(fingerprintOf(PERSON, { caption: "c", image: new Uint8Array([97]) })).toBe(one);
    expect(fingerprintOf(PERSON, { image: Buffer.from("b"), caption: "c" })).not.toBe(one);
    expect(fingerprintOf(GROUP, { image: Buffer.from("a"), caption: "c" })).not.toBe(one);
  });
});

describe("events and stanzas", () => {
  it("tell of receipts of own messages only", () => {
    const own = { fromMe: true, id: "A", remoteJid: PERSON };
    const update = (status: number, key: object = own) =>
      receiptsIn({ name: "messages.update", data: [{ key, update: { status } }] });
    expect(update(3)).toEqual([{ id: "A", level: "delivered" }]);
    expect(update(4)).toEqual([{ id: "A", level: "read" }]);
    expect(update(5)).toEqual([{ id: "A", level: "read" }]);
    expect(update(2)).toEqual([]);
    expect(update(4, { ...own, fromMe: false })).toEqual([]);
    const receipt = (fields: object) =>
      receiptsIn({ name: "message-receipt.update", data: [{ key: own, receipt: fields as never }] });
    expect(receipt({ userJid: PERSON, receiptTimestamp: 1 })).toEqual([{ id: "A", level: "delivered" }]);
    expect(receipt({ userJid: PERSON, readTimestamp: 1 })).toEqual([{ id: "A", level: "read" }]);
  });

  it("name the message that is acknowledged, its time or its refusal", () => {
    const heard: object[] = [];
    let tell = (_: unknown): void => {};
    const on = (_: string, listener: (argument: never) => void): void =>
      void (tell = listener as typeof tell);
    watchMessageAcks(on, (ack) => heard.push(ack));
    tell({ attrs: { id: "A", t: "1700000000" } });
    tell({ attrs: { id: "B", error: "463" } });
    tell({ attrs: { id: "C", error: "" } });
    tell({ attrs: {} });
    tell(undefined);
    expect(heard).toEqual([
      { id: "A", timestamp: 1_700_000_000 },
      { id: "B", error: 463 },
      { id: "C", error: 0 },
    ]);
  });
});
