/** Queries about groups: what they are, and what members do to them. */
import { isZpwootError } from "../../../errors.js";
import type { Account } from "../../network/account.js";
import {
  changeParticipants,
  changeSettings,
  createGroup,
  invite,
  newInviteCode,
  type GroupSettings,
  type ParticipantChange,
} from "../../network/group-changes.js";
import type { Group } from "../../network/group.js";
import { childOf, childrenOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** Acts on the group a query is sent to; refuses the query when its sender is not a member, or may not do it. */
export function inGroup(query: Query, act: (group: Group, by: Account) => void): void {
  const { account, iq, network } = query;
  const group = network.groups.find(iq.attrs.to);
  if (group === undefined) return refuse(query, 404, "item-not-found");
  if (!group.has(account)) return refuse(query, 403, "forbidden");
  try {
    act(group, account);
  } catch (error) {
    if (!isZpwootError(error, "INVALID_INPUT")) throw error;
    refuse(query, 403, "forbidden");
  }
}

/** The people whom a query names: those with whom it can be done, and for the others the node that says why not. */
interface Named {
  readonly accounts: readonly Account[];
  readonly refused: readonly BinaryNode[];
}

function namedIn(query: Query, change: ParticipantChange, group?: Group): Named {
  const { child, network } = query;
  const accounts: Account[] = [];
  const refused: BinaryNode[] = [];
  for (const { attrs } of childrenOf(child, "participant")) {
    const { jid } = attrs;
    const named = network.directory.find(jid);
    const isMember = named !== undefined && group?.has(named) === true;
    if (named === undefined || (change !== "add" && !isMember))
      refused.push(node("participant", { jid, error: "404" }));
    else if (change === "add" && isMember) refused.push(node("participant", { jid, error: "409" }));
    else if (change === "add" && mustBeAsked(query, named))
      refused.push(node("participant", { jid, error: "403" }, addRequest(query, named, group)));
    else accounts.push(named);
  }
  return { accounts, refused };
}

/** Whether an account lets nobody add it to groups. */
function mustBeAsked({ account, context }: Query, named: Account): boolean {
  if (named === account) return false;
  return named.profile.hides("groupadd") || context.behaviour.privateAccounts.includes(named.jid);
}

/** With which an admin may send an invitation in place of adding. A group that is only being made has none yet. */
function addRequest({ network, context }: Query, named: Account, group: Group | undefined): BinaryNode[] {
  const made =
    group === undefined
      ? { code: newInviteCode(context), until: context.seconds }
      : invite(network, group, named);
  return [node("add_request", { code: made.code, expiration: String(made.until) })];
}

/** Refuses to make a community, which is not modelled, and a group in one, as there is none. Returns whether it did. */
function refusedCommunity(query: Query): boolean {
  const tags = childrenOf(query.child).map(({ tag }) => tag);
  if (tags.includes("parent")) query.connection.refuseUnknown(query.iq);
  else if (tags.includes("linked_parent")) refuse(query, 404, "item-not-found");
  else return false;
  return true;
}

function create(query: Query): void {
  const { account, child, network } = query;
  if (refusedCommunity(query)) return;
  const { accounts, refused } = namedIn(query, "add");
  const group = createGroup(network, account, child?.attrs.subject ?? "", accounts);
  const made = group.node();
  reply(query, [node(made.tag, made.attrs, [...childrenOf(made), ...refused])]);
}

function participating(query: Query): void {
  const groups = query.network.groups.of(query.account);
  const nodes = groups.map((group) => group.node());
  reply(query, [node("groups", {}, nodes)]);
}

function leave(query: Query): void {
  const { account, network } = query;
  if (childOf(query.child, "community") !== undefined) return refuse(query, 404, "item-not-found");
  for (const { attrs } of childrenOf(query.child, "group")) {
    const group = network.groups.find(attrs.id);
    if (group?.has(account) === true) changeParticipants(network, group, account, "remove", [account]);
  }
  reply(query, [node("leave")]);
}

const participants = (change: ParticipantChange): QueryHandler => ({
  xmlns: "w:g2",
  type: "set",
  child: change,
  answer: (query) =>
    inGroup(query, (group, by) => {
      const { accounts, refused } = namedIn(query, change, group);
      if (accounts.length > 0) changeParticipants(query.network, group, by, change, accounts);
      else if (group.role(by) === "member" && !(change === "add" && group.membersMayAdd))
        return refuse(query, 403, "forbidden");
      const done = accounts.map(({ jid }) => node("participant", { jid }));
      reply(query, [node(change, {}, [...done, ...refused])]);
    }),
});

const settings = (child: string, read: (child: BinaryNode | undefined) => GroupSettings): QueryHandler => ({
  xmlns: "w:g2",
  type: "set",
  child,
  answer: (query) =>
    inGroup(query, (group, by) => {
      changeSettings(query.network, group, by, read(query.child));
      reply(query);
    }),
});

/** The rows for groups. */
export const GROUP_QUERIES: readonly QueryHandler[] = [
  {
    xmlns: "w:g2",
    type: "get",
    child: "query",
    answer: (query) => inGroup(query, (group) => reply(query, [group.node()])),
  },
  { xmlns: "w:g2", type: "get", child: "participating", answer: participating },
  { xmlns: "w:g2", type: "set", child: "create", answer: create },
  { xmlns: "w:g2", type: "set", child: "leave", answer: leave },
  participants("add"),
  participants("remove"),
  participants("promote"),
  participants("demote"),
  settings("subject", (child) => ({ subject: textOf(child) ?? "" })),
  settings("description", (child) => ({ description: textOf(childOf(child, "body")) ?? "" })),
  settings("announcement", () => ({ announcement: true })),
  settings("not_announcement", () => ({ announcement: false })),
  settings("locked", () => ({ locked: true })),
  settings("unlocked", () => ({ locked: false })),
  settings("ephemeral", (child) => ({ disappearingSeconds: Number(child?.attrs.expiration ?? 0) })),
  settings("not_ephemeral", () => ({ disappearingSeconds: 0 })),
  settings("member_add_mode", (child) => ({ membersMayAdd: textOf(child) === "all_member_add" })),
  settings("membership_approval_mode", (child) => ({
    joinApproval: childOf(child, "group_join")?.attrs.state === "on",
  })),
];
