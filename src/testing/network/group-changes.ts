/** What members do to a group, on a phone or on a companion: checks it, does it, and notifies the other members. */
import { ZpwootError } from "../../errors.js";
import type { EmulatorContext } from "../context/emulator-context.js";
import { randomNumber } from "../context/random.js";
import { node, type BinaryNode } from "../wire/node.js";
import type { Account } from "./account.js";
import { Group } from "./group.js";
import type { Network } from "./network.js";

/** Changes of who is in a group, and in which role. */
export type ParticipantChange = "add" | "remove" | "promote" | "demote";

/** Settings of a group; one that is left out stays as it is. */
export interface GroupSettings {
  readonly subject?: string;
  readonly description?: string;
  /** Only admins may write. */
  readonly announcement?: boolean;
  /** Only admins may change the subject and the description. */
  readonly locked?: boolean;
  /** Seconds after which new messages disappear; 0: never. */
  readonly disappearingSeconds?: number;
  /** Members who are no admins may add others. */
  readonly membersMayAdd?: boolean;
  /** Who joins by the invitation waits until an admin says yes. */
  readonly joinApproval?: boolean;
}

/** Creates a group and notifies its members. */
export function createGroup(
  network: Network,
  creator: Account,
  subject: string,
  members: readonly Account[],
): Group {
  const { context } = network;
  const id = `120363${String(randomNumber(context.random, 1e11, 1e12 - 1))}`;
  const inviteCode = newInviteCode(context);
  const group = new Group({ id, creator, subject, creation: context.seconds, inviteCode });
  for (const member of members) if (member !== creator) group.setRole(member, "member");
  network.groups.add(group);
  notifyMembers(network, group, creator, node("create", { type: "new", key: id }, [group.node()]));
  return group;
}

/** An invitation's code: 22 characters. */
export function newInviteCode({ random }: EmulatorContext): string {
  return Buffer.from(random(16)).toString("base64url");
}

/** How long an invitation to one account is valid. */
const INVITATION_SECONDS = 3 * 24 * 3600;

/** Makes an invitation for one account. */
export function invite(
  { context }: Network,
  group: Group,
  account: Account,
): { readonly code: string; readonly until: number } {
  const code = newInviteCode(context);
  const until = context.seconds + INVITATION_SECONDS;
  group.invitations.set(code, { account, until });
  return { code, until };
}

/** Adds, removes, promotes or demotes. Throws `INVALID_INPUT` when the account may not. */
export function changeParticipants(
  network: Network,
  group: Group,
  by: Account,
  change: ParticipantChange,
  accounts: readonly Account[],
): void {
  const leaves = change === "remove" && accounts.every((account) => account === by);
  if (!leaves && !(change === "add" && group.membersMayAdd && group.has(by))) requireAdmin(group, by);
  const before = accounts.map((account) => participant(group, account, change));
  for (const account of accounts) {
    if (change === "remove") group.remove(account);
    else group.setRole(account, change === "promote" ? "admin" : "member");
  }
  const removed = change === "remove" ? accounts : [];
  notifyMembers(network, group, by, node(change, {}, before), removed);
  keepAnAdmin(network, group);
}

/** When the last admin has gone, whoever joined first becomes one. */
function keepAnAdmin(network: Network, group: Group): void {
  const [eldest] = group.members;
  if (eldest === undefined || group.members.some((member) => group.role(member) !== "member")) return;
  group.setRole(eldest, "admin");
  notifyMembers(network, group, eldest, node("promote", {}, [group.participantNode(eldest)]));
}

/** Changes settings. Throws `INVALID_INPUT` when the account may not. */
export function changeSettings(network: Network, group: Group, by: Account, settings: GroupSettings): void {
  if (!group.has(by)) throw notIn(group, by);
  const { announcement, locked, membersMayAdd, joinApproval } = settings;
  const isForAdmins = [announcement, locked, membersMayAdd, joinApproval].some((one) => one !== undefined);
  if (group.locked || isForAdmins) requireAdmin(group, by);
  const { seconds } = network.context;
  for (const what of settingNodes(seconds, group, by, settings)) notifyMembers(network, group, by, what);
}

/** Notifies the linked devices of the members, and of the accounts in `also`, of a change. */
export function notifyMembers(
  { context, router }: Network,
  group: Group,
  by: Account,
  change: BinaryNode,
  also: readonly Account[] = [],
): void {
  for (const member of new Set([...group.members, ...also])) {
    for (const device of member.devices) {
      router.notify(device, { from: group.jid, type: "w:gp2", participant: by.jid }, change);
    }
  }
  context.events.emit("group", { group: group.jid, by: by.jid, what: change.tag });
}

function settingNodes(seconds: number, group: Group, by: Account, settings: GroupSettings): BinaryNode[] {
  const { subject, description, announcement, locked, disappearingSeconds: expiration } = settings;
  const nodes: BinaryNode[] = [];
  if (subject !== undefined) {
    group.subject = subject;
    nodes.push(node("subject", { subject, s_t: String(seconds), s_o: by.jid }));
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
  if (expiration !== undefined) {
    group.expiration = expiration;
    const on = expiration > 0;
    nodes.push(on ? node("ephemeral", { expiration: String(expiration) }) : node("not_ephemeral"));
  }
  return [...nodes, ...joiningNodes(group, settings)];
}

function joiningNodes(group: Group, { membersMayAdd, joinApproval }: GroupSettings): BinaryNode[] {
  const nodes: BinaryNode[] = [];
  if (membersMayAdd !== undefined) {
    group.membersMayAdd = membersMayAdd;
    nodes.push(node("member_add_mode", {}, membersMayAdd ? "all_member_add" : "admin_add"));
  }
  if (joinApproval !== undefined) {
    group.joinApproval = joinApproval;
    const state = joinApproval ? "on" : "off";
    nodes.push(node("membership_approval_mode", {}, [node("group_join", { state })]));
  }
  return nodes;
}

function participant(group: Group, account: Account, change: ParticipantChange): BinaryNode {
  if (change === "add") return node("participant", { jid: account.jid });
  if (!group.has(account)) throw notIn(group, account);
  return group.participantNode(account);
}

/** Throws `INVALID_INPUT` when the account is no admin. */
export function requireAdmin(group: Group, by: Account): void {
  const role = group.role(by);
  if (role === undefined) throw notIn(group, by);
  if (role === "member")
    throw new ZpwootError("INVALID_INPUT", `${by.phoneNumber} is not an admin of this group`);
}

function notIn(group: Group, account: Account): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `${account.phoneNumber} is not in the group "${group.subject}"`);
}
