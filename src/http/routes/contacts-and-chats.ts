/** The routes of contacts and chats. */
import { PICTURE_SIZES } from "../../api/contacts.js";
import * as contract from "../contract/calls.js";
import { messageResponseSchema } from "../contract/schemas.js";
import { badRequest } from "../protocol/message.js";
import { defineBodyRoute, defineRoute, requireFeature, type Route, type ServedSessions } from "../route.js";
import { callOptions } from "./call-options.js";

const contactsOf = (manager: ServedSessions) => requireFeature(manager, "contacts").contacts;
const chatsOf = (manager: ServedSessions) => requireFeature(manager, "chats").chats;

/** Contacts, then chats. */
export const CONTACT_AND_CHAT_ROUTES: readonly Route[] = [
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/contacts/check",
    operation: "checkPhoneNumbers",
    summary: "Which phone numbers are on WhatsApp, and the JIDs to write to",
    tag: "contacts",
    access: "operator",
    status: 201,
    request: contract.checkNumbersSchema,
    response: contract.numberChecksSchema,
    call: async (manager, input) =>
      contactsOf(manager).isOnWhatsApp(input.id, input.body.phoneNumbers, callOptions(input)),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/contacts/blocked",
    operation: "listBlockedContacts",
    summary: "The JIDs of the people whom the account has blocked",
    tag: "contacts",
    access: "viewer",
    status: 200,
    response: contract.blockedContactsSchema,
    call: async (manager, input) => ({
      blocked: await contactsOf(manager).blocked(input.id, callOptions(input)),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/contacts/:contact/picture",
    operation: "getProfilePicture",
    summary:
      "Where WhatsApp serves the profile picture of a person or a group; null when there is none to see",
    tag: "contacts",
    access: "viewer",
    query: [
      {
        name: "size",
        description: "About 96 or 640 pixels wide; default `image`, the large one",
        schema: { enum: PICTURE_SIZES },
      },
    ],
    status: 200,
    response: contract.profilePictureSchema,
    call: async (manager, input) =>
      contactsOf(manager).profilePicture(input.id, input.params["contact"] ?? "", {
        ...callOptions(input),
        size: sizeIn(input.query),
      }),
  }),
  ...(["block", "unblock"] as const).map((action) =>
    defineRoute({
      method: "POST",
      path: `/sessions/:id/contacts/:contact/${action}`,
      operation: `${action}Contact`,
      summary: action === "block" ? "Blocks a person" : "Ends the block of a person",
      tag: "contacts",
      access: "operator",
      status: 201,
      response: messageResponseSchema,
      call: async (manager, input) => {
        await contactsOf(manager)[action](input.id, input.params["contact"] ?? "", callOptions(input));
        return { message: `Contact ${action}ed` };
      },
    }),
  ),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/chats/presence",
    operation: "setPresence",
    summary: "Shows the account online or offline",
    tag: "chats",
    access: "operator",
    status: 201,
    request: contract.presenceSchema,
    response: messageResponseSchema,
    call: async (manager, input) => {
      await chatsOf(manager).setPresence(input.id, input.body.presence, callOptions(input));
      return { message: "Presence sent" };
    },
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/chats/:chat/activity",
    operation: "setChatActivity",
    summary: "Shows in a chat that somebody is typing or recording, or has stopped",
    tag: "chats",
    access: "operator",
    status: 201,
    request: contract.activitySchema,
    response: messageResponseSchema,
    call: async (manager, input) => {
      const { activity } = input.body;
      await chatsOf(manager).setActivity(input.id, input.params["chat"] ?? "", activity, callOptions(input));
      return { message: "Activity sent" };
    },
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/chats/read",
    operation: "markRead",
    summary: "Marks received messages as read",
    tag: "chats",
    access: "operator",
    status: 201,
    bodyLimitBytes: 1024 * 1024,
    request: contract.markReadSchema,
    response: messageResponseSchema,
    call: async (manager, input) => {
      await chatsOf(manager).markRead(input.id, input.body.keys, callOptions(input));
      return { message: "Messages marked as read" };
    },
  }),
];

function sizeIn(query: URLSearchParams): (typeof PICTURE_SIZES)[number] | undefined {
  const parsed = contract.pictureSizeSchema.optional().safeParse(query.get("size") ?? undefined);
  if (parsed.success) return parsed.data;
  throw badRequest(parsed.error.issues.map(({ message }) => message));
}
