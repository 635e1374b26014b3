/** The routes of groups, contacts and chats: over the engine and the emulator, and what their errors are over HTTP. */
import { describe, expect, it } from "vitest";
import { ZpwootClient } from "../../src/client/index.js";
import { ZpwootError, type ZpwootErrorCode } from "../../src/errors.js";
import { createHttpHandler } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";
import { AS_CLIENT, openHandler } from "./fixtures.js";
import { FRIEND_JID, GROUP_JID } from "./in-memory-calls.js";

const KEY = "key-of-the-calls";
const clientOf = (fetch: (request: Request) => Promise<Response>, apiKey = KEY): ZpwootClient =>
  new ZpwootClient({ baseUrl: "http://localhost", apiKey, fetch });

describe("groups, contacts and chats over HTTP", () => {
  it("do at WhatsApp what they say", async () => {
    await using world = await EngineWorld.open();
    const client = clientOf(createHttpHandler(world.manager, { apiKeys: KEY }).fetch);
    const owner = world.phone("Owner");
    const friend = world.phone("Friend");
    const { id } = await world.linked("session", owner);
    const { id: group, results } = await client.createGroup(id, {
      subject: "Order 4711",
      participants: [`+${friend.phoneNumber}`],
    });
    expect(results).toEqual([{ jid: friend.jid, outcome: "done", code: 200 }]);
    expect(await client.updateGroup(id, group, { subject: "Order 4712" })).toEqual({
      message: "Group updated",
    });
    expect(await client.listGroups(id)).toMatchObject([{ id: group, subject: "Order 4712", size: 2 }]);
    const promoted = await client.updateGroupParticipants(id, group, {
      ...{ action: "promote", participants: [friend.jid] },
    });
    expect(promoted).toEqual([{ jid: friend.jid, outcome: "done", code: 200 }]);
    const { participants } = await client.getGroup(id, group);
    expect(participants.map(({ admin }) => admin)).toEqual(["superadmin", "admin"]);
    const first = await client.getGroupInvite(id, group);
    const second = await client.revokeGroupInvite(id, group);
    expect(await client.joinGroup(id, second.inviteUrl)).toEqual({ id: group, pending: false });
    await expect(client.joinGroup(id, first.inviteCode)).rejects.toMatchObject({
      ...{ kind: "refused", status: 404, message: expect.stringContaining("it was revoked") },
    });
    expect(await client.checkPhoneNumbers(id, [`+${friend.phoneNumber}`])).toMatchObject([
      { exists: true, jid: friend.jid },
    ]);
    friend.changePicture();
    const { pictureUrl } = await client.getProfilePicture(id, friend.jid, { size: "preview" });
    expect(pictureUrl).toContain("preview");
    await client.blockContact(id, friend.jid);
    expect(await client.listBlockedContacts(id)).toEqual({ blocked: [friend.jid] });
    await client.unblockContact(id, friend.phoneNumber);
    expect(await client.listBlockedContacts(id)).toEqual({ blocked: [] });
    const typing = world.emulator.waitFor("chat-activity", ({ activity }) => activity === "composing");
    await client.setChatActivity(id, friend.phoneNumber, "typing");
    await typing;
    const come = world.next("messages.upsert", ({ data }) => data.messages[0]?.key.remoteJid === friend.jid);
    const { id: messageId } = friend.sendText(owner, "hello");
    const key = (await come).data.messages[0]?.key ?? {};
    const read = world.emulator.waitFor(
      "receipt",
      ({ type, ids }) => type === "read" && ids[0] === messageId,
    );
    await client.markRead(id, [key]);
    await read;
    await world.manager.disconnect(id);
    await expect(client.listGroups(id)).rejects.toMatchObject({
      ...{ status: 400, message: "Session is not connected" },
    });
    expect(world.emulator.violations).toEqual([]);
  });

  const wrong: readonly [method: string, path: string, body: object, messages: string[]][] = [
    [
      "POST",
      "groups",
      { subject: "x", participant: [] },
      ["participants must be an array", "participant is not a field (did you mean participants?)"],
    ],
    ["PATCH", `groups/${GROUP_JID}`, { subject: "" }, ["subject must be 1 to 100 characters"]],
    [
      "POST",
      `groups/${GROUP_JID}/participants`,
      { action: "kick", participants: [] },
      [
        "action must be one of the following values: add, remove, promote, demote",
        "participants must name at least one",
      ],
    ],
    ["POST", "groups/join", { code: "?" }, ["code must be the code or the link of an invitation"]],
    ["POST", "contacts/check", {}, ["phoneNumbers must be an array"]],
    [
      "POST",
      "chats/presence",
      { presence: "busy" },
      ["presence must be one of the following values: available, unavailable"],
    ],
    [
      "GET",
      `contacts/${FRIEND_JID}/picture?size=huge`,
      {},
      ["size must be one of the following values: preview, image"],
    ],
  ];
  it.each(wrong)("%s %s with %j names what is wrong", async (method, path, body, messages) => {
    const { handler, manager } = openHandler({ apiKeys: KEY });
    const { id } = await manager.create({ name: "it" });
    const request = new Request(`http://localhost/sessions/${id}/${path}`, {
      ...{
        method,
        headers: { ...AS_CLIENT, "x-api-key": KEY },
        body: method === "GET" ? null : JSON.stringify(body),
      },
    });
    const response = await handler.fetch(request);
    expect(await response.json()).toEqual({ statusCode: 400, message: messages, error: "Bad Request" });
  });

  const refusals: readonly [
    ZpwootErrorCode,
    whatsApp: number | undefined,
    status: number,
    logged: boolean,
  ][] = [
    ["GROUP_NOT_FOUND", 404, 404, false],
    ["INVITE_NOT_VALID", 410, 404, false],
    ["NOT_ON_WHATSAPP", undefined, 404, false],
    ["NOT_ALLOWED", 401, 403, false],
    ["RATE_LIMITED", 429, 429, false],
    ["WHATSAPP_REFUSED", 406, 422, false],
    ["WHATSAPP_REFUSED", undefined, 422, false],
    ["WHATSAPP_REFUSED", 503, 502, true],
    ["CONNECTION_FAILED", undefined, 502, true],
    ["TIMEOUT", undefined, 504, true],
  ];
  it.each(refusals)("%s (%s) is answered with %i and what to do", async (code, whatsApp, status, logged) => {
    const { handler, manager, logger } = openHandler({ apiKeys: KEY });
    const { id } = await manager.create({ name: "it" });
    const error = new ZpwootError(code, "what to do", whatsApp === undefined ? {} : { status: whatsApp });
    manager.throwing.set("getGroup", error);
    await expect(clientOf(handler.fetch).getGroup(id, GROUP_JID)).rejects.toMatchObject({
      ...{ kind: "refused", status, message: "what to do" },
    });
    expect(logger.lines.map(({ level }) => level)).toEqual(logged ? ["error"] : []);
  });

  it("end at WhatsApp, too, when the key of who asked is revoked", async () => {
    const { handler, manager } = openHandler({ apiKeys: KEY });
    const { key, id: keyId } = await manager.apiKeys.create({ name: "operator", role: "operator" });
    let ended = false;
    Object.assign(manager.groups, {
      inviteCode: (_id: string, _group: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            ended = true;
            reject(new ZpwootError("ABORTED", "ended"));
          });
          void manager.apiKeys.revoke(keyId);
        }),
    });
    await expect(clientOf(handler.fetch, key).getGroupInvite("x", GROUP_JID)).rejects.toMatchObject({
      status: 401,
    });
    expect(ended).toBe(true);
  });

  it("are not there on a manager that has none", async () => {
    const { handler, manager } = openHandler({ apiKeys: KEY });
    Object.assign(manager, { groups: undefined });
    await expect(clientOf(handler.fetch).listGroups("x")).rejects.toMatchObject({ status: 501 });
  });
});
