/** The calls over a connection of an in-memory session: canned answers, and the checks of arguments that the engine's have. */
import type { ChatsApi } from "../../src/api/chats.js";
import type { ContactsApi } from "../../src/api/contacts.js";
import type { OpenedMedia } from "../../src/api/media.js";
import type { GroupInfo, GroupsApi } from "../../src/api/groups.js";

/** Called first by every call: throws when the session is not there or not connected. */
export type EnterCall = (call: string, id: string, input: unknown) => void;

export const GROUP_JID = "120363000000000001@g.us";
export const FRIEND_JID = "5511988887777@s.whatsapp.net";

const GROUP: GroupInfo = {
  id: GROUP_JID,
  subject: "Family",
  owner: FRIEND_JID,
  createdAt: "2026-01-01T00:00:00.000Z",
  size: 1,
  onlyAdminsWrite: false,
  onlyAdminsEdit: true,
  isAdmin: false,
  isCommunity: false,
  community: null,
  description: "all of us",
  participants: [{ jid: FRIEND_JID, lid: "1234@lid", admin: "superadmin" }],
};

const INVITE = { inviteCode: "operator-invite", inviteUrl: "https://chat.whatsapp.com/operator-invite" };

export function inMemoryGroups(enter: EnterCall): GroupsApi {
  const { description: _, participants: __, ...summary } = GROUP;
  const results = (jids: readonly string[]) =>
    jids.map((jid) => ({ jid, outcome: "done" as const, code: 200 }));
  return {
    list: async (id) => (enter("listGroups", id, undefined), [summary]),
    get: async (id, group) => (enter("getGroup", id, group), GROUP),
    create: async (id, input) => {
      enter("createGroup", id, input);
      return { ...GROUP, subject: input.subject, results: results(input.participants) };
    },
    updateParticipants: async (id, group, action, participants) => {
      enter("updateGroupParticipants", id, { group, action, participants });
      return results(participants);
    },
    setSubject: async (id, group, subject) => enter("updateGroup", id, { group, subject }),
    inviteCode: async (id, group) => (enter("getGroupInvite", id, group), INVITE),
    revokeInviteCode: async (id, group) => (enter("revokeGroupInvite", id, group), INVITE),
    acceptInvite: async (id, code) => (enter("joinGroup", id, code), { id: GROUP_JID, pending: false }),
  };
}

export function inMemoryContacts(enter: EnterCall): ContactsApi {
  return {
    isOnWhatsApp: async (id, phoneNumbers) => {
      enter("checkPhoneNumbers", id, phoneNumbers);
      return phoneNumbers.map((phoneNumber) => ({ phoneNumber, exists: true, jid: FRIEND_JID, lid: null }));
    },
    profilePicture: async (id, contact, options) => {
      enter("getProfilePicture", id, { contact, size: options?.size });
      return { jid: FRIEND_JID, pictureUrl: "https://pps.whatsapp.net/picture.jpg" };
    },
    block: async (id, contact) => enter("blockContact", id, contact),
    unblock: async (id, contact) => enter("unblockContact", id, contact),
    blocked: async (id) => (enter("listBlockedContacts", id, undefined), [FRIEND_JID]),
  };
}

export function inMemoryChats(enter: EnterCall): ChatsApi {
  return {
    setPresence: async (id, presence) => enter("setPresence", id, presence),
    setActivity: async (id, chat, activity) => enter("setChatActivity", id, { chat, activity }),
    markRead: async (id, keys) => enter("markRead", id, keys),
  };
}

/** Media in these pieces. */
export function inMemoryMedia(pieces: readonly Buffer[]): OpenedMedia {
  return {
    ...{ mimetype: "image/jpeg", fileName: null, discard: () => undefined },
    bytes: pieces.reduce((sum, { length }) => sum + length, 0),
    body: (async function* () {
      yield* pieces;
    })(),
  };
}
