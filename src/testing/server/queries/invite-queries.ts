/** Queries about invitations to groups: the code, a new one, what a code leads to, and joining by it. */
import { isZpwootError } from "../../../errors.js";
import { newInviteCode } from "../../network/group-changes.js";
import type { Group } from "../../network/group.js";
import { joinByCode, joinGroup } from "../../network/group-joining.js";
import { resultOf } from "../../wire/iq.js";
import { childrenOf, node } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** To whom queries about a code are sent, which does not say the group. */
const ALL_GROUPS = "@g.us";

/** The group that a code leads to; refuses the query when it leads nowhere. */
function groupOfCode(query: Query): Group | undefined {
  const code = query.child?.attrs.code ?? "";
  const { groups } = query.network;
  const group = groups.all.find(({ inviteCode }) => inviteCode === code);
  if (group !== undefined) return group;
  if (groups.all.some(({ revokedCodes }) => revokedCodes.has(code))) refuse(query, 410, "gone");
  else refuse(query, 406, "not-acceptable");
  return undefined;
}

/** The group that a query is sent to; refuses the query when its sender is no admin there. */
function ownGroup(query: Query): Group | undefined {
  const { account, iq, network } = query;
  const group = network.groups.find(iq.attrs.to);
  if (group === undefined) return void refuse(query, 404, "item-not-found");
  if (!group.has(account)) return void refuse(query, 403, "forbidden");
  if (group.role(account) === "member") return void refuse(query, 401, "not-authorized");
  return group;
}

function read(query: Query): void {
  if (query.iq.attrs.to === ALL_GROUPS) {
    const group = groupOfCode(query);
    if (group !== undefined) reply(query, [group.node()]);
    return;
  }
  const group = ownGroup(query);
  if (group !== undefined) reply(query, [node("invite", { code: group.inviteCode })]);
}

function accept(query: Query): void {
  const group = groupOfCode(query);
  if (group === undefined) return;
  try {
    const joined = joinByCode(query.network, group, query.account);
    reply(query, [node(joined ? "group" : "membership_approval_request", { jid: group.jid })]);
  } catch (error) {
    if (!isZpwootError(error, "INVALID_INPUT")) throw error;
    refuse(query, 409, "conflict");
  }
}

function change(query: Query): void {
  if (query.iq.attrs.to === ALL_GROUPS) return accept(query);
  const group = ownGroup(query);
  if (group === undefined) return;
  group.replaceInviteCode(newInviteCode(query.context));
  reply(query, [node("invite", { code: group.inviteCode })]);
}

/** An account accepts the invitation that an admin sent it. */
function acceptPersonal(query: Query): void {
  const { account, child, context, iq, network } = query;
  const group = network.groups.find(iq.attrs.to);
  const code = child?.attrs.code ?? "";
  const invitation = group?.invitations.get(code);
  if (group === undefined || invitation?.account !== account) return refuse(query, 406, "not-acceptable");
  if (invitation.until < context.seconds) return refuse(query, 410, "gone");
  if (group.has(account)) return refuse(query, 409, "conflict");
  group.invitations.delete(code);
  joinGroup(network, group, account);
  query.connection.send(resultOf(iq, undefined, { from: group.jid }));
}

/** An admin takes invitations of single accounts back. */
function revokePersonal(query: Query): void {
  const group = ownGroup(query);
  if (group === undefined) return;
  const named = childrenOf(query.child, "participant").map(({ attrs }) => {
    const account = query.network.directory.find(attrs.jid);
    const codes = [...group.invitations].filter(([, one]) => one.account === account).map(([code]) => code);
    for (const code of codes) group.invitations.delete(code);
    return node("participant", { jid: attrs.jid, error: codes.length === 0 ? "404" : undefined });
  });
  reply(query, [node("revoke", {}, named)]);
}

/** The rows for invitations. */
export const INVITE_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w:g2", type: "get", child: "invite", answer: read },
  { xmlns: "w:g2", type: "set", child: "invite", answer: change },
  { xmlns: "w:g2", type: "set", child: "accept", answer: acceptPersonal },
  { xmlns: "w:g2", type: "set", child: "revoke", answer: revokePersonal },
];
