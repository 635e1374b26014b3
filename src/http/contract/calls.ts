/** The bodies of the routes over a session's connection, as zod schemas: groups, contacts and chats. */
import * as z from "zod";
import { PARTICIPANT_OUTCOMES } from "../../api/groups.js";

export {
  acceptInviteSchema,
  activitySchema,
  checkNumbersSchema,
  createGroupSchema,
  markReadSchema,
  pictureSizeSchema,
  presenceSchema,
  updateGroupSchema,
  updateParticipantsSchema,
} from "../../api/call-input.js";

/** A group as it is listed: without members and description. */
export const groupSummarySchema = z.strictObject({
  id: z.string(),
  subject: z.string(),
  owner: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
  size: z.number().int(),
  onlyAdminsWrite: z.boolean(),
  onlyAdminsEdit: z.boolean(),
  isAdmin: z.boolean(),
  isCommunity: z.boolean(),
  community: z.string().nullable(),
});

/** A group with its members. */
export const groupSchema = groupSummarySchema.extend({
  description: z.string().nullable(),
  participants: z.array(
    z.strictObject({
      jid: z.string(),
      lid: z.string().nullable(),
      admin: z.enum(["admin", "superadmin"]).nullable(),
    }),
  ),
});

/** What became of each person whom a request names. */
export const participantResultsSchema = z.array(
  z.strictObject({ jid: z.string(), outcome: z.enum(PARTICIPANT_OUTCOMES), code: z.number().int() }),
);

/** The response of `POST /sessions/:id/groups`. */
export const createdGroupSchema = groupSchema.extend({ results: participantResultsSchema });

/** An invitation: a secret. */
export const groupInviteSchema = z.strictObject({ inviteCode: z.string(), inviteUrl: z.string() });

/** The response of `POST /sessions/:id/groups/join`. */
export const joinedGroupSchema = z.strictObject({ id: z.string(), pending: z.boolean() });

/** The response of `POST /sessions/:id/contacts/check`. */
export const numberChecksSchema = z.array(
  z.strictObject({
    phoneNumber: z.string(),
    exists: z.boolean(),
    jid: z.string().nullable(),
    lid: z.string().nullable(),
  }),
);

/** The response of `GET /sessions/:id/contacts/:contact/picture`. */
export const profilePictureSchema = z.strictObject({ jid: z.string(), pictureUrl: z.string().nullable() });

/** The response of `GET /sessions/:id/contacts/blocked`. */
export const blockedContactsSchema = z.strictObject({ blocked: z.array(z.string()) });

const NO_MESSAGE = "message must be the content of a message, as messages.upsert has it";

/** The body of `POST /sessions/:id/media`: a message as events have it, of which only this is looked at. */
export const mediaMessageSchema = z.looseObject({
  message: z.record(z.string(), z.unknown(), { error: NO_MESSAGE }),
  key: z.record(z.string(), z.unknown(), { error: "key must be the key of a message" }).nullish(),
});

/** The response of `GET /sessions/:id/contacts/blocked`. */
export type BlockedContacts = Readonly<z.output<typeof blockedContactsSchema>>;
