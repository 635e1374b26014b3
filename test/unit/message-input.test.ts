/** What a message to send may say, and how it may be sent: each refusal names the field and the way out. */
import { describe, expect, it } from "vitest";
import { checkContent, checkSendOptions, sendMessageSchema } from "../../src/api/message-input.js";
import type { MessageContent } from "../../src/api/message-content.js";
import { isZpwootError } from "../../src/errors.js";
import { checkAuthor } from "../../src/messages/own-messages.js";

const PERSON = "5511999999999@s.whatsapp.net";
const GROUP = "120363000000000000@g.us";

/** The sentences of an error; none when nothing is thrown. */
function sentencesOf(call: () => void): readonly string[] {
  try {
    call();
  } catch (error) {
    if (isZpwootError(error, "INVALID_INPUT")) return error.details;
    throw error;
  }
  return [];
}

describe("a content", () => {
  const file = { base64: "YQ==" };
  const vcard = "contacts.vcard must begin with BEGIN:VCARD in a line of its own";

  it.each<[unknown, readonly string[]]>([
    [{ text: "a", quote: {} }, ["quote.key must be the key of a message, with its id"]],
    [{ text: "a", quote: { key: {} } }, ["quote.key.id must be a text of 1 to 128 characters"]],
    [{ text: "a", quote: { key: { id: null } } }, ["quote.key.id must be a text of 1 to 128 characters"]],
    [{ text: "a", quote: { key: { id: "A", fromMe: 1 } } }, ["quote.key.fromMe must be true or false"]],
    [
      { text: "a", quote: { key: { id: "A" }, message: "b" } },
      ["quote.message must be the content of a message"],
    ],
    [{ text: "a", quote: 1 }, ["quote must be a message of an event, or { key, message }"]],
    [{ text: "a", quote: { key: { id: "A", fromMe: null }, message: null, status: 2 } }, []],
    ...["\r", "\n", "\0", "\u001b", "\u007f", "\u0085", "\u2028"].flatMap(
      (control): [unknown, readonly string[]][] => [
        [
          { document: file, fileName: `a${control}b` },
          ["fileName must have no line breaks and other control characters"],
        ],
        [
          { image: file, mimetype: `image/png${control}` },
          ["mimetype must have no line breaks and other control characters"],
        ],
      ],
    ),
    [{ document: file, fileName: "conta de luz – março.pdf", mimetype: "application/pdf" }, []],
    [{ contacts: [{ name: "Ana", vcard: "VERSION:3.0" }] }, [vcard]],
    [{ contacts: [{ name: "Ana", vcard: "BEGIN:VCARD VERSION:3.0" }] }, [vcard]],
    [{ contacts: [{ name: "Ana", vcard: "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD" }] }, []],
  ])("%j is refused with %j", (content, sentences) => {
    expect(sentencesOf(() => checkContent(content))).toEqual(sentences);
  });
});

describe("the options", () => {
  const timeout = "timeoutMs must be a whole number from 1 to 3600000";
  const expires = "expiresInMs must be a whole number from 1 to 2592000000";

  it.each<[object, readonly string[]]>([
    [{ timeoutMs: 0 }, [timeout]],
    [{ timeoutMs: Infinity }, [timeout]],
    [{ timeoutMs: 1.5 }, [timeout]],
    [{ timeoutMs: 3_600_001 }, [timeout]],
    [{ timeoutMs: 3_600_000 }, []],
    [{ expiresInMs: 1_000 }, ["expiresInMs needs queue: true"]],
    [{ expiresInMs: 1_000, queue: false }, ["expiresInMs needs queue: true"]],
    [{ expiresInMs: 2_592_000_001, queue: true }, [expires]],
    [{ expiresInMs: 0, queue: true }, [expires]],
    [{ expiresInMs: 1_000, queue: true }, []],
  ])("%j are refused with %j", (options, sentences) => {
    expect(sentencesOf(() => checkSendOptions(options))).toEqual(sentences);
  });

  it.each([
    [{ timeoutMs: 60_001 }, ["timeoutMs must be a whole number from 1 to 60000"]],
    [{ expiresInMs: 1_000 }, ["expiresInMs needs queue: true"]],
    [{ expiresInMs: 2_592_000_001, queue: true }, [expires]],
    [{ expiresInMs: 1_000, queue: true }, []],
  ])("over HTTP %j are refused with %j", (options, sentences) => {
    const parsed = sendMessageSchema.safeParse({ to: PERSON, content: { text: "a" }, ...options });
    expect((parsed.error?.issues ?? []).map(({ message }) => message)).toEqual(sentences);
  });
});

describe("the author of a message that is changed", () => {
  const others = { key: { id: "A", fromMe: false, remoteJid: GROUP, participant: PERSON } };
  const own = { key: { ...others.key, fromMe: true } };
  const edited = expect.stringMatching(/^edit\.message .*fromMe: true.*Send a new one/);
  const deleted = expect.stringMatching(/^delete\.message .*fromMe: true.*in groups only, by an admin/);

  it.each<[MessageContent, string, readonly string[]]>([
    [{ edit: { message: others, text: "b" } }, PERSON, [edited]],
    [{ edit: { message: others, text: "b" } }, GROUP, [edited]],
    [{ edit: { message: others.key, text: "b" } }, GROUP, [edited]],
    [{ edit: { message: { id: "A" }, text: "b" } }, PERSON, [edited]],
    [{ edit: { message: own, text: "b" } }, GROUP, []],
    [{ edit: { message: "A", text: "b" } }, PERSON, []],
    [{ delete: { message: others } }, PERSON, [deleted]],
    [{ delete: { message: others } }, "123@lid", [deleted]],
    [{ delete: { message: others } }, GROUP, []],
    [{ delete: { message: own } }, PERSON, []],
    [{ delete: { message: "A" } }, PERSON, []],
    [{ reaction: { message: others, emoji: "👍" } }, PERSON, []],
  ])("of %j to %s is refused with %j", (content, jid, sentences) => {
    expect(sentencesOf(() => checkAuthor(content, jid))).toEqual(sentences);
  });
});
