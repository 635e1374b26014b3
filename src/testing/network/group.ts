/** A group as the service knows it, and the register of all groups. */
import { formatJid, parseJid } from "../wire/jid.js";
import { node, type BinaryNode } from "../wire/node.js";
import type { Account } from "./account.js";
import type { ProfilePicture } from "./profile.js";

/** Server part of a group's JID. */
const GROUP_SERVER = "g.us";

/** What a member may do: the `superadmin` created the group. */
export type GroupRole = "superadmin" | "admin" | "member";

/** What a group is made of. */
export interface GroupInput {
  readonly id: string;
  readonly creator: Account;
  readonly subject: string;
  /** Seconds. */
  readonly creation: number;
  readonly inviteCode: string;
}

/** One group. */
export class Group {
  readonly id: string;
  readonly creator: Account;
  /** Seconds. */
  readonly creation: number;
  subject: string;
  description: string | undefined;
  /** The code of its invitation, until the next one. */
  inviteCode: string;
  /** The codes before it. */
  readonly revokedCodes = new Set<string>();
  /** Only admins may write. */
  announcement = false;
  /** Only admins may change the subject. */
  locked = false;
  /** Members who are no admins may add others. */
  membersMayAdd = false;
  /** Who joins by the invitation waits until an admin says yes. */
  joinApproval = false;
  /** Who waits for that, with the time of the request in seconds. */
  readonly joinRequests = new Map<Account, number>();
  /** Seconds after which messages disappear; 0: never. */
  expiration = 0;
  picture: ProfilePicture | undefined;
  /** Invitations to one account each, by their code, with the end of their time in seconds. */
  readonly invitations = new Map<string, { readonly account: Account; readonly until: number }>();
  readonly #roles = new Map<Account, GroupRole>();
  readonly #labels = new Map<Account, string>();

  constructor({ id, creator, subject, creation, inviteCode }: GroupInput) {
    this.id = id;
    this.creator = creator;
    this.subject = subject;
    this.creation = creation;
    this.inviteCode = inviteCode;
    this.#roles.set(creator, "superadmin");
  }

  /** `<id>@g.us`. */
  get jid(): string {
    return formatJid({ user: this.id, server: GROUP_SERVER });
  }

  /** In the order of joining. */
  get members(): readonly Account[] {
    return [...this.#roles.keys()];
  }

  /** Whether the account is a member. */
  has(account: Account): boolean {
    return this.#roles.has(account);
  }

  /** Undefined when the account is not a member. */
  role(account: Account): GroupRole | undefined {
    return this.#roles.get(account);
  }

  /** Makes the invitation invalid, with another in its place. */
  replaceInviteCode(code: string): void {
    this.revokedCodes.add(this.inviteCode);
    this.inviteCode = code;
  }

  /** Adds a member, or changes its role. */
  setRole(account: Account, role: GroupRole): void {
    this.#roles.set(account, role);
  }

  /** What a member says that it is in the group. */
  label(account: Account): string | undefined {
    return this.#labels.get(account);
  }

  /** A member says what it is in the group; an empty text: nothing. */
  setLabel(account: Account, label = ""): void {
    if (label === "") this.#labels.delete(account);
    else this.#labels.set(account, label);
  }

  /** Removes a member. Every phone then encrypts with another key, which the removed one does not have. */
  remove(account: Account): void {
    this.#roles.delete(account);
    for (const member of [...this.members, account]) member.phone.forgetGroupKey(this.jid);
  }

  /** Phones and linked devices of all members. */
  get deviceJids(): readonly string[] {
    return this.members.flatMap((member) => [member.jid, ...member.devices.map(({ jid }) => jid)]);
  }

  /** The group as clients read it. */
  node(): BinaryNode {
    const attrs = {
      id: this.id,
      subject: this.subject,
      s_t: String(this.creation),
      s_o: this.creator.jid,
      creation: String(this.creation),
      creator: this.creator.jid,
      size: String(this.#roles.size),
      addressing_mode: "pn",
    };
    const description =
      this.description === undefined
        ? []
        : [node("description", { id: "1" }, [node("body", {}, Buffer.from(this.description))])];
    const flags = [...(this.announcement ? ["announcement"] : []), ...(this.locked ? ["locked"] : [])];
    return node("group", attrs, [
      ...flags.map((flag) => node(flag)),
      node("member_add_mode", {}, this.membersMayAdd ? "all_member_add" : "admin_add"),
      ...(this.joinApproval
        ? [node("membership_approval_mode", {}, [node("group_join", { state: "on" })])]
        : []),
      ...(this.expiration > 0 ? [node("ephemeral", { expiration: String(this.expiration) })] : []),
      ...description,
      ...this.members.map((member) => this.participantNode(member)),
    ]);
  }

  /** One member as clients read it. */
  participantNode(member: Account): BinaryNode {
    const role = this.role(member);
    return node("participant", { jid: member.jid, type: role === "member" ? undefined : role });
  }
}

/** The groups of one emulator. */
export class Groups {
  readonly #byId = new Map<string, Group>();

  /** Every group, oldest first. */
  get all(): readonly Group[] {
    return [...this.#byId.values()];
  }

  /** Adds a group. */
  add(group: Group): void {
    this.#byId.set(group.id, group);
  }

  /** The group of a JID; undefined when there is none, or the JID is not a group's. */
  find(jid: string | undefined): Group | undefined {
    const parsed = parseJid(jid);
    return parsed?.server === GROUP_SERVER ? this.#byId.get(parsed.user) : undefined;
  }

  /** The groups an account is a member of. */
  of(account: Account): readonly Group[] {
    return this.all.filter((group) => group.has(account));
  }
}
