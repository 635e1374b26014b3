/** Queries about groups: what they are, and what members do to them. */
import { isZpwootError } from "../../../errors.js";
import type { Account } from "../../network/account.js";
import {
  changeParticipants,
  changeSettings,
  createGroup,
  type GroupSettings,
  type ParticipantChange,
} from "../../network/group-changes.js";
import type { Group } from "../../network/group.js";
import { childOf, childrenOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** Acts on the group a query is sent to; refuses the query when its sender is not a member, or may not do it. */
function inGroup(query: Query, act: (group: Group, by: Account) => void): void {
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

function accountsIn(query: Query, parent: BinaryNode | undefined): Account[] {
  const found = childrenOf(parent, "participant").map(({ attrs }) => query.network.directory.find(attrs.jid));
  return found.filter((account) => account !== undefined);
}

function create(query: Query): void {
  const { account, child, network } = query;
  const members = accountsIn(query, child);
  const group = createGroup(network, account, child?.attrs.subject ?? "", members);
  reply(query, [group.node()]);
}

function participating(query: Query): void {
  const groups = query.network.groups.of(query.account);
  const nodes = groups.map((group) => group.node());
  reply(query, [node("groups", {}, nodes)]);
}

function leave(query: Query): void {
  const { account, network } = query;
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
      const accounts = accountsIn(query, query.child);
      changeParticipants(query.network, group, by, change, accounts);
      const done = accounts.map(({ jid }) => node("participant", { jid }));
      reply(query, [node(change, {}, done)]);
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
];
