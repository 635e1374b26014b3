/** Messages whose file comes in a form, through every server: sent whole, or not at all. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { createHttpHandler } from "../../src/http/index.js";
import { KEY } from "./fixtures.js";
import { END, formOf, headOf, IMAGE, MULTIPART, NO_PART, partOf, ReadingSessions } from "./forms.js";
import { SERVERS, type RunningServer, type WireAnswer, type WireRequest } from "./servers.js";

const FILE = randomBytes(3_000_000);
const JSON_PART = partOf("message", JSON.stringify(IMAGE));
const TWO_PARTS = "a form has two parts: message with JSON, then file with the bytes";
const whole = (...parts: readonly Buffer[]): Buffer => Buffer.concat([...parts, END]);

/** Forms that are refused, each with its sentence. */
const WRONG: readonly (readonly [what: string, body: Buffer, sentence: string])[] = [
  [
    "has its parts in the wrong order",
    whole(partOf("file", FILE), JSON_PART),
    "The part message must come before the part file",
  ],
  ["has no part message", whole(), `The part message is missing: ${TWO_PARTS}`],
  ["has no part file", whole(JSON_PART), `The part file is missing: ${TWO_PARTS}`],
  ["has two messages", whole(JSON_PART, JSON_PART), `There must be one part message: ${TWO_PARTS}`],
  [
    "has two files",
    whole(JSON_PART, partOf("file", FILE), partOf("file", "another")),
    `There must be no third part, and none without a name: ${TWO_PARTS}`,
  ],
  [
    "has a part of another name",
    whole(JSON_PART, partOf("photo", FILE)),
    `"photo" is no part of the form: ${TWO_PARTS}`,
  ],
  [
    "has a part without a name",
    whole(JSON_PART, partOf(undefined, FILE)),
    `A part without a name is no part of the form: ${TWO_PARTS}`,
  ],
  [
    "has a part without a disposition before its file",
    whole(JSON_PART, NO_PART, partOf("file", FILE)),
    `There must be no third part, and none without a name: ${TWO_PARTS}`,
  ],
  [
    "has a part without a disposition in place of its file",
    whole(JSON_PART, NO_PART),
    `The part file is missing: ${TWO_PARTS}`,
  ],
  [
    "has a message that is no JSON",
    whole(partOf("message", "{"), partOf("file", FILE)),
    "The part message must be a JSON object in UTF-8",
  ],
  [
    "has a message that is a list",
    whole(partOf("message", "[]"), partOf("file", FILE)),
    "The part message must be a JSON object in UTF-8",
  ],
  [
    "has a message that is not in UTF-8",
    whole(partOf("message", Buffer.from([0x22, 0xff, 0x22])), partOf("file", FILE)),
    "The part message must be a JSON object in UTF-8",
  ],
  ["has an empty file", whole(JSON_PART, partOf("file", "")), "The part file must not be an empty file"],
  [
    "has a file as base64",
    whole(JSON_PART, partOf("file", FILE, "Content-Transfer-Encoding: base64\r\n")),
    "The part file must not have a Content-Transfer-Encoding: send its bytes as they are",
  ],
  [
    "ends without its last boundary",
    Buffer.concat([JSON_PART, partOf("file", FILE)]),
    "The form was cut off: it must end with its boundary and two dashes",
  ],
  [
    "ends in its file",
    Buffer.concat([headOf(IMAGE), FILE]),
    "The form was cut off: it must end with its boundary and two dashes",
  ],
];

describe.each(SERVERS)("a file in a form through $name", (kind) => {
  let manager: ReadingSessions;
  let server: RunningServer;
  let id: string;
  beforeEach(async () => {
    manager = new ReadingSessions();
    server = await kind.listen(createHttpHandler(manager, { apiKeys: KEY }));
    id = await manager.connected();
  });
  afterEach(() => server.close());

  const headers = { "x-api-key": KEY, "content-type": MULTIPART };
  const send = (body: Uint8Array, more: Partial<WireRequest> = {}): Promise<WireAnswer> =>
    server.send({ method: "POST", path: `/sessions/${id}/messages`, headers, body, ...more });
  /** The connection is still good. */
  const isServed = async (): Promise<void> => {
    const list = await server.send({ method: "GET", path: "/sessions/list", headers: { "x-api-key": KEY } });
    expect(list.status).toBe(200);
  };

  it("arrives byte for byte, with what the message says, however it is cut into chunks", async () => {
    for (const encoding of [{}, { "transfer-encoding": "chunked" }]) {
      const { status, text } = await send(formOf(IMAGE, FILE), { headers: { ...headers, ...encoding } });
      expect(status, text).toBe(201);
      expect(JSON.parse(text)).toMatchObject({ to: IMAGE.to, state: "sent" });
    }
    expect(manager.sent).toHaveLength(2);
    for (const { content, bytes } of manager.sent) {
      expect(content).toMatchObject({ caption: "Look" });
      expect(bytes.equals(FILE)).toBe(true);
    }
    await isServed();
  });

  it.each(WRONG)("is not sent when the form %s", async (_what, body, sentence) => {
    const { status, text } = await send(body);
    expect({ status, text }).toEqual({
      status: 400,
      text: JSON.stringify({ statusCode: 400, message: sentence, error: "Bad Request" }),
    });
    expect(manager.sent).toEqual([]);
    await isServed();
  });

  it("needs a form with a boundary", async () => {
    const { status, text } = await send(formOf(IMAGE, "x"), {
      headers: { ...headers, "content-type": "multipart/form-data" },
    });
    expect(status).toBe(400);
    expect(text).toContain("must have a boundary: leave this header to your HTTP client");
  });

  it.each([
    [{ text: "Hello" }, "content must have exactly one of: image, video, audio, document, sticker"],
    [
      { image: { url: "https://a.b/c" } },
      'image must be { \\"part\\": \\"file\\" }: the file is in the part file of the form',
    ],
    [{ document: { part: "file" } }, "fileName must be a text of 1 to 1024 characters"],
    [{ image: { part: "file" }, captoin: "x" }, "captoin is not a field (did you mean caption?)"],
  ])("is refused before it is read when the message is %j", async (content, sentence) => {
    const { status, text } = await send(formOf({ to: IMAGE.to, content }, FILE));
    expect(status).toBe(400);
    expect(text).toContain(sentence);
    expect(manager.sent).toEqual([]);
    await isServed();
  });

  it("is refused before it is read, with the answer that JSON gets", async () => {
    const form = formOf(IMAGE, FILE);
    expect((await send(form, { headers: { "content-type": MULTIPART } })).status).toBe(401);
    expect((await send(form, { path: "/sessions/none/messages" })).status).toBe(404);
    await isServed();
    await manager.disconnect(id);
    const { status, text } = await send(form);
    expect(status).toBe(400);
    expect(text).toContain("Session is not connected");
    await isServed();
  });

  it("is let go when the engine has enough of it, with the engine's own reason", async () => {
    manager.reads = async (file) => {
      await new Promise((resolve) => file.once("readable", resolve));
      file.destroy();
      throw new ZpwootError("INVALID_INPUT", "image: larger than 1000 bytes (media.maxBytes)");
    };
    const { status, text } = await send(formOf(IMAGE, FILE));
    expect({ status, text: JSON.parse(text) as object }).toMatchObject({
      status: 400,
      text: { message: ["image: larger than 1000 bytes (media.maxBytes)"] },
    });
    await isServed();
  });

  it("is queued, and has a key, as JSON does", async () => {
    await manager.disconnect(id);
    const key = { "idempotency-key": "order-1" };
    const queued = { ...IMAGE, queue: true, timeoutMs: 250_000 };
    const { status, text } = await send(formOf(queued, FILE), { headers: { ...headers, ...key } });
    expect(status, text).toBe(202);
    const [call] = manager.calls.filter(({ method }) => method === "sendMessage");
    expect(call?.input).toMatchObject({
      options: { queue: true, timeoutMs: 250_000, idempotencyKey: "order-1" },
    });
    expect(manager.sent[0]?.bytes.equals(FILE)).toBe(true);
  });

  it("need not be read for an answer that is there already", async () => {
    manager.reads = async () => Buffer.alloc(0);
    const { status, text } = await send(formOf(IMAGE, FILE));
    expect(status, text).toBe(201);
    await isServed();
  });

  it("fails for who reads it when the form turns out to be wrong at its end", async () => {
    let failure: unknown;
    const { reads } = manager;
    manager.reads = (file) =>
      reads(file).catch((error: unknown) => {
        failure = error;
        throw new ZpwootError("INVALID_INPUT", "image: the file can't be read");
      });
    const { status, text } = await send(whole(JSON_PART, partOf("file", FILE), partOf("file", FILE)));
    expect(status).toBe(400);
    expect(text).toContain("There must be no third part");
    // Where a server hands over the form in one piece, nobody has begun to read by then.
    const isCalled = manager.calls.some(({ method }) => method === "sendMessage");
    await expect.poll(() => failure instanceof Error || !isCalled).toBe(true);
  });
});
