/** What members do to a group, on a phone or on a companion: checked, done, and told to the others. */

import { ZpwootError } from "../../errors.js";
import type { Account } from "./account.js";
import type { Group } from "./group.js";
import type { Service } from "./service.js";
import { node, type BinaryNode } from "../wire/node.js";

/** Changes of who is in a group, and as what. */
export type ParticipantChange = "add" | "remove" | "promote" | "demote";

/** Adds, removes, promotes or demotes. Throws `INVALID_INPUT` when the one who wants it may not. */
export function changeParticipants(
  service: Service,
  group: Group,
  by: Account,
  change: ParticipantChange,
  accounts: readonly Account[],
): void {
  const leaves = change === "remove" && accounts.every((account) => account === by);
  if (!leaves) requireAdmin(group, by);
  const before = accounts.map((account) => participant(group, account, change));
  for (const account of accounts) {
    if (change === "remove") group.remove(account);
    else group.put(account, change === "promote" ? "admin" : "member");
  }
  const gone = change === "remove" ? accounts : [];
  service.groups.notify(group, by, node(change, {}, before), gone);
}

/** Settings of a group that members are told of. */
export interface GroupSettings {
  readonly subject?: string;
  readonly description?: string;
  readonly announcement?: boolean;
  readonly locked?: boolean;
}

/** Changes settings. Throws `INVALID_INPUT` when the one who wants it may not. */
export function changeSettings(service: Service, group: Group, by: Account, settings: GroupSettings): void {
  if (!group.has(by)) throw notIn(group, by);
  if (group.locked || settings.announcement !== undefined || settings.locked !== undefined)
    requireAdmin(group, by);
  for (const what of settingNodes(service, group, by, settings)) service.groups.notify(group, by, what);
}

function settingNodes(service: Service, group: Group, by: Account, settings: GroupSettings): BinaryNode[] {
  const { subject, description, announcement, locked } = settings;
  const nodes: BinaryNode[] = [];
  if (subject !== undefined) {
    group.subject = subject;
    nodes.push(node("subject", { subject, s_t: String(service.seconds), s_o: by.jid }));
  }
  if (description !== undefined) {
    group.description = description;
    nodes.push(node("description", { id: "1" }, [node("body", {}, Buffer.from(description))]));
  }
  if (announcement !== undefined) {
    group.announcement = announcement;
    nodes.push(node(announcement ? "announcement" : "not_announcement"));
  }
  if (locked !== undefined) {
    group.locked = locked;
    nodes.push(node(locked ? "locked" : "unlocked"));
  }
  return nodes;
}

function participant(group: Group, account: Account, change: ParticipantChange): BinaryNode {
  if (change !== "add") {
    if (!group.has(account)) throw notIn(group, account);
    return group.participantNode(account);
  }
  return node("participant", { jid: account.jid });
}

function requireAdmin(group: Group, by: Account): void {
  const role = group.role(by);
  if (role === undefined) throw notIn(group, by);
  if (role === "member")
    throw new ZpwootError("INVALID_INPUT", `${by.phoneNumber} is no admin of this group.`);
}

function notIn(group: Group, account: Account): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `${account.phoneNumber} is not in the group "${group.subject}".`);
}
