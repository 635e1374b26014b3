/** The routes of groups. */
import * as z from "zod";
import * as contract from "../contract/calls.js";
import { messageResponseSchema } from "../contract/schemas.js";
import { defineBodyRoute, defineRoute, requireFeature, type Route, type ServedSessions } from "../route.js";
import { callOptions } from "./call-options.js";

const groupsOf = (manager: ServedSessions) => requireFeature(manager, "groups").groups;
const FACTS = { tag: "groups" } as const;

/** Read, make, change, join. */
export const GROUP_ROUTES: readonly Route[] = [
  defineRoute({
    ...FACTS,
    method: "GET",
    path: "/sessions/:id/groups",
    operation: "listGroups",
    summary: "The groups that the account is in, the newest first, without their members",
    access: "viewer",
    status: 200,
    response: z.array(contract.groupSummarySchema),
    call: async (manager, input) => groupsOf(manager).list(input.id, callOptions(input)),
  }),
  defineBodyRoute({
    ...FACTS,
    method: "POST",
    path: "/sessions/:id/groups",
    operation: "createGroup",
    summary: "Makes a group; the response says what became of each person",
    access: "operator",
    status: 201,
    request: contract.createGroupSchema,
    response: contract.createdGroupSchema,
    call: async (manager, input) => groupsOf(manager).create(input.id, input.body, callOptions(input)),
  }),
  defineBodyRoute({
    ...FACTS,
    method: "POST",
    path: "/sessions/:id/groups/join",
    operation: "joinGroup",
    summary: "Joins a group by the code or the link of an invitation",
    access: "operator",
    status: 201,
    request: contract.acceptInviteSchema,
    response: contract.joinedGroupSchema,
    call: async (manager, input) =>
      groupsOf(manager).acceptInvite(input.id, input.body.code, callOptions(input)),
  }),
  defineRoute({
    ...FACTS,
    method: "GET",
    path: "/sessions/:id/groups/:groupId",
    operation: "getGroup",
    summary: "One group with its members",
    access: "viewer",
    status: 200,
    response: contract.groupSchema,
    call: async (manager, input) => groupsOf(manager).get(input.id, groupIn(input), callOptions(input)),
  }),
  defineBodyRoute({
    ...FACTS,
    method: "PATCH",
    path: "/sessions/:id/groups/:groupId",
    operation: "updateGroup",
    summary: "Changes the subject of a group",
    access: "operator",
    status: 200,
    request: contract.updateGroupSchema,
    response: messageResponseSchema,
    call: async (manager, input) => {
      await groupsOf(manager).setSubject(input.id, groupIn(input), input.body.subject, callOptions(input));
      return { message: "Group updated" };
    },
  }),
  defineBodyRoute({
    ...FACTS,
    method: "POST",
    path: "/sessions/:id/groups/:groupId/participants",
    operation: "updateGroupParticipants",
    summary: "Adds, removes, promotes or demotes members; the response says what became of each",
    access: "operator",
    status: 201,
    request: contract.updateParticipantsSchema,
    response: contract.participantResultsSchema,
    call: async (manager, input) => {
      const { action, participants } = input.body;
      const options = callOptions(input);
      return groupsOf(manager).updateParticipants(input.id, groupIn(input), action, participants, options);
    },
  }),
  defineRoute({
    ...FACTS,
    method: "GET",
    path: "/sessions/:id/groups/:groupId/invite",
    operation: "getGroupInvite",
    summary: "The current invitation to a group: who has it can join",
    access: "operator",
    lasts: true,
    status: 200,
    response: contract.groupInviteSchema,
    call: async (manager, input) =>
      groupsOf(manager).inviteCode(input.id, groupIn(input), callOptions(input)),
  }),
  defineRoute({
    ...FACTS,
    method: "POST",
    path: "/sessions/:id/groups/:groupId/invite/revoke",
    operation: "revokeGroupInvite",
    summary: "Makes the current invitation to a group invalid, and returns the new one",
    access: "operator",
    lasts: true,
    status: 201,
    response: contract.groupInviteSchema,
    call: async (manager, input) =>
      groupsOf(manager).revokeInviteCode(input.id, groupIn(input), callOptions(input)),
  }),
];

function groupIn({ params }: { readonly params: Readonly<Record<string, string>> }): string {
  return params["groupId"] ?? "";
}
