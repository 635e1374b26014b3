/** The table of docs/sending.md, row by row: what makes it so at the emulator, the code, the status over HTTP, and what to do. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { MessageContent } from "../../src/api/message-content.js";
import type { SendMessageOptions } from "../../src/api/messages.js";
import { ZpwootClient } from "../../src/client/index.js";
import type { ZpwootErrorCode } from "../../src/errors.js";
import { createHttpHandler } from "../../src/http/index.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const HELLO = { text: "Hello" };
const FILE = { image: Buffer.alloc(2_000, 7) };
const QUICK = { timeoutMs: 600 };

/** Who takes part in a row; each has a friend of its own. */
interface People {
  readonly world: EngineWorld;
  readonly id: string;
  readonly owner: VirtualPhone;
  readonly friend: VirtualPhone;
}

/** A message that fails. */
interface Message {
  readonly id?: string;
  readonly to?: string;
  readonly content?: MessageContent;
  readonly options?: SendMessageOptions;
}

interface Row {
  readonly why: string;
  readonly code: ZpwootErrorCode;
  readonly status: number;
  /** The text, over HTTP too, names the way out. */
  readonly text: RegExp;
  /** Makes it so. It is called once for each way of sending. */
  readonly arrange: (people: People) => Message | Promise<Message>;
  /** Whether the friend shows it all the same. */
  readonly mayBeShown?: boolean;
}

const refusal =
  (error: number, toGroup = false) =>
  ({ world, owner, friend }: People): Message => {
    world.emulator.faults.add({ at: "message", action: { error } });
    return toGroup ? { to: owner.createGroup("Team", [friend]).jid } : {};
  };

const ROWS: readonly Row[] = [
  {
    ...{ why: "the session is not connected", code: "SESSION_NOT_CONNECTED", status: 400 },
    text: /^Session is not connected/,
    arrange: async ({ world }) => ({ id: await world.created(`never linked ${Math.random()}`) }),
  },
  {
    ...{ why: "there is no such session", code: "SESSION_NOT_FOUND", status: 404 },
    text: /not found/,
    arrange: () => ({ id: "none" }),
  },
  {
    ...{ why: "the recipient is none", code: "INVALID_INPUT", status: 400 },
    text: /^to must be a phone number in international format .* or the JID of a group/,
    arrange: () => ({ to: "Bruno" }),
  },
  {
    ...{ why: "the number has no account, as was asked", code: "NOT_ON_WHATSAPP", status: 404 },
    text: /Check the number, with its country code$/,
    arrange: () => ({ to: "+5511911110000", options: { checkNumber: true } }),
  },
  {
    ...{ why: "WhatsApp knows no such account", code: "NOT_ON_WHATSAPP", status: 404 },
    text: /\(404\): the number has no WhatsApp account\. Check it, or send with checkNumber: true/,
    arrange: refusal(404),
  },
  {
    ...{ why: "no device of the recipient has keys", code: "RECIPIENT_UNREACHABLE", status: 422 },
    text: /no keys for any device of the recipient/,
    arrange: ({ world, friend }) => {
      world.emulator.behaviour.withholdPreKeys = { devices: [friend.jid], as: "nothing" };
      return {};
    },
  },
  {
    ...{ why: "the keys of the recipient are not signed by it", code: "BAD_SIGNATURE", status: 422 },
    text: /^The message was not sent: .* are not signed by the identity of the device/,
    arrange: ({ world, friend }) => {
      world.emulator.behaviour.forgePreKeys = [friend.jid];
      return {};
    },
  },
  {
    ...{ why: "there is no such group", code: "GROUP_NOT_FOUND", status: 404 },
    text: /\(404\): there is no such group, or not any more\. Ask for the list/,
    arrange: refusal(404, true),
  },
  {
    ...{ why: "the account is not in the group", code: "NOT_ALLOWED", status: 403 },
    text: /\(401\): the account is not in the group, .*\. Have an admin add it/,
    arrange: refusal(401, true),
  },
  {
    ...{ why: "only admins write in the group", code: "NOT_ALLOWED", status: 403 },
    text: /\(403\): .* only admins may write there\. Have an admin .* make it an admin/,
    arrange: refusal(403, true),
  },
  {
    ...{ why: "the recipient takes no messages", code: "NOT_ALLOWED", status: 403 },
    text: /\(403\): the recipient takes no messages of this account\. Don't try again/,
    arrange: refusal(403),
  },
  {
    ...{ why: "the account may not start new chats", code: "REACHOUT_LOCKED", status: 422 },
    text: /\(463\): .* Write only to who has written first/,
    arrange: refusal(463),
  },
  {
    ...{ why: "the account sends too fast", code: "RATE_LIMITED", status: 429 },
    text: /\(420\): the account sends too fast\. Wait some minutes/,
    arrange: refusal(420),
  },
  {
    ...{ why: "the message is not addressed as it should be", code: "WHATSAPP_REFUSED", status: 422 },
    text: /\(479\): .* Check the recipient/,
    arrange: refusal(479),
  },
  {
    ...{ why: "WhatsApp has a fault", code: "WHATSAPP_REFUSED", status: 502 },
    text: /\(500\): a fault of WhatsApp's\. Try again later$/,
    arrange: refusal(500),
  },
  {
    ...{ why: "WhatsApp takes no files", code: "MEDIA_FAILED", status: 422 },
    text: /^The file could not be fetched or uploaded, and nothing was sent/,
    arrange: ({ world }) => {
      world.emulator.faults.add({ at: "media-upload", action: { httpStatus: 507 }, times: Infinity });
      return { content: FILE };
    },
  },
  {
    ...{ why: "the file can't be fetched", code: "MEDIA_FAILED", status: 422 },
    text: /status 404/,
    arrange: ({ world }) => {
      const url = new URL("/none", world.emulator.url.replace(/^ws/, "http")).href;
      return { content: { document: { url }, fileName: "a" } };
    },
  },
  {
    ...{ why: "the file is not uploaded in time", code: "MEDIA_FAILED", status: 422 },
    text: /^Nothing was sent: image: .* within 600 ms\. Raise timeoutMs/,
    arrange: ({ world }) => {
      world.emulator.faults.add({ at: "media-upload", action: { delayMs: 2_000 } });
      return { content: FILE, options: QUICK };
    },
  },
  {
    ...{ why: "the content breaks a rule", code: "INVALID_INPUT", status: 400 },
    text: /text must be a text of 1 to 65536 characters/,
    arrange: () => ({ content: { text: "" } }),
  },
  {
    ...{ why: "WhatsApp does not say whether the number has an account", code: "TIMEOUT", status: 504 },
    text: /^Nothing was sent: .* whether the number has an account\. Send it again, or raise timeoutMs$/,
    arrange: ({ world, friend }) => {
      world.emulator.faults.add({ at: "query", query: { xmlns: "usync" }, action: "drop" });
      return { to: `+${friend.phoneNumber}`, options: { ...QUICK, checkNumber: true } };
    },
  },
  {
    ...{ why: "WhatsApp does not give the keys of the recipient", code: "TIMEOUT", status: 504 },
    text: /^Nothing was sent: .* which devices and keys the recipient has\. Send it again/,
    arrange: ({ world }) => {
      // Not for ever: Baileys 7 encrypts one message at a time, and would wait a minute for the answer.
      const action = { delayMs: 1_200 };
      world.emulator.faults.add({ at: "query", query: { xmlns: "encrypt" }, action });
      return { options: QUICK };
    },
  },
  {
    ...{ why: "WhatsApp does not acknowledge it", code: "MESSAGE_UNCONFIRMED", status: 504 },
    text: /^WhatsApp did not acknowledge .* may or may not .* Send it again with the same idempotencyKey/,
    arrange: ({ world }) => {
      world.emulator.faults.add({ at: "message", action: "drop" });
      // It has to be encrypted by then, also on a slow machine.
      return { options: { timeoutMs: 3_000 } };
    },
    mayBeShown: true,
  },
  {
    ...{ why: "the key is that of another message", code: "IDEMPOTENCY_CONFLICT", status: 409 },
    text: /each message needs a key of its own$/,
    arrange: async ({ world, id, owner, friend }) => {
      const idempotencyKey = `to ${friend.jid}`.replaceAll(" ", "-");
      await world.manager.sendMessage(id, owner.jid, HELLO, { idempotencyKey });
      return { options: { idempotencyKey } };
    },
  },
  {
    ...{ why: "the queue is full", code: "QUEUE_FULL", status: 409 },
    text: /wait until some are sent, or raise messages\.maxQueued/,
    arrange: async ({ world, friend }) => {
      const id = await world.created(`queueing ${Math.random()}`);
      await world.manager.sendMessage(id, friend.jid, HELLO, { queue: true });
      return { id, options: { queue: true } };
    },
  },
];

describe.each(LIBRARIES)("a message with $name that is not sent because", ({ on }) => {
  let world: EngineWorld;
  let id: string;
  let owner: VirtualPhone;
  let client: ZpwootClient;
  let temporary: string;
  const { TMPDIR } = process.env;

  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), "zpwoot-errors-"));
    process.env["TMPDIR"] = temporary;
    const emulator = await WhatsAppEmulator.start();
    world = await on(emulator, {
      ...{ whatsapp: { ...emulator.whatsapp }, media: { allowPrivateSources: true } },
      messages: { maxQueued: 1 },
    });
    ({ id, phone: owner } = await world.linked());
    const { fetch } = createHttpHandler(world.manager, { apiKeys: "a-key" });
    client = new ZpwootClient({ baseUrl: "http://localhost", apiKey: "a-key", fetch });
  });

  afterEach(() => {
    world.emulator.faults.clear();
    world.emulator.behaviour.withholdPreKeys = { devices: [], as: "error" };
    world.emulator.behaviour.forgePreKeys = false;
  });

  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
    await rm(temporary, { recursive: true, force: true });
  });

  it.each(ROWS)("$why is $code, and $status", async ({ code, status, text, arrange, mayBeShown }) => {
    const friends: VirtualPhone[] = [];
    const message = async (): Promise<Required<Message>> => {
      const friend = world.phone("Friend");
      friends.push(friend);
      const given = await arrange({ world, id, owner, friend });
      return { id, to: friend.jid, content: HELLO, options: {}, ...given };
    };
    const one = await message();
    const thrown = { code, message: expect.stringMatching(text) };
    await expect(world.manager.sendMessage(one.id, one.to, one.content, one.options)).rejects.toMatchObject(
      thrown,
    );
    const other = await message();
    const answered = { status, message: expect.stringMatching(text) };
    const { to, content, options } = other;
    await expect(client.sendMessage(other.id, to, content, options)).rejects.toMatchObject(answered);
    if (mayBeShown === true) return;
    world.emulator.faults.clear();
    world.emulator.behaviour.withholdPreKeys = { devices: [], as: "error" };
    world.emulator.behaviour.forgePreKeys = false;
    for (const friend of friends) {
      await world.manager.sendMessage(id, friend.jid, { text: "behind it" });
      await friend.waitForMessage((shown) => shown.text === "behind it");
      expect(friend.messages.map((shown) => shown.text)).toEqual(["behind it"]);
    }
  });

  it("the temporary folder takes no file is TEMP_UNAVAILABLE, and 500", async () => {
    process.env["TMPDIR"] = join(temporary, "none");
    try {
      await expect(world.manager.sendMessage(id, owner.jid, FILE)).rejects.toMatchObject({
        ...{ code: "TEMP_UNAVAILABLE", message: expect.stringMatching(/make room there, or set TMPDIR/) },
      });
      // What the machine lacks is the operator's business, and in the log.
      await expect(client.sendMessage(id, owner.jid, FILE)).rejects.toMatchObject({ status: 500 });
    } finally {
      process.env["TMPDIR"] = temporary;
    }
  });
});

it("every code in the table of docs/sending.md has a row here", async () => {
  const page = await readFile(new URL("../../docs/sending.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## When it fails"), page.indexOf("## Over HTTP"));
  const listed = new Set([...section.matchAll(/^\| \[`([A-Z_]+)`\]/gm)].map(([, code]) => code));
  const tested = new Set<string>([...ROWS.map(({ code }) => code), "TEMP_UNAVAILABLE"]);
  expect(listed.size).toBeGreaterThan(10);
  for (const code of listed) expect(tested).toContain(code);
});
