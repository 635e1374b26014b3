/** A group as the service knows it, and the list of all. */

import type { Account } from "./account.js";
import { formatJid, parseJid } from "../wire/jid.js";
import { randomNumber } from "../context/random.js";
import type { Service } from "./service.js";
import { node, type BinaryNode } from "../wire/node.js";

/** Server part of a group's JID. */
export const groupServer = "g.us";

/** What a member may do: `superadmin` made the group. */
export type GroupRole = "superadmin" | "admin" | "member";

/** One group. */
export class Group {
  readonly id: string;
  readonly creator: Account;
  /** Seconds. */
  readonly creation: number;
  subject: string;
  description: string | undefined;
  /** Only admins may write. */
  announcement = false;
  /** Only admins may change the subject. */
  locked = false;
  readonly #roles = new Map<Account, GroupRole>();

  constructor(id: string, creator: Account, subject: string, creation: number) {
    this.id = id;
    this.creator = creator;
    this.subject = subject;
    this.creation = creation;
    this.#roles.set(creator, "superadmin");
  }

  /** `<id>@g.us`. */
  get jid(): string {
    return formatJid({ user: this.id, server: groupServer });
  }

  get members(): readonly Account[] {
    return [...this.#roles.keys()];
  }

  has(account: Account): boolean {
    return this.#roles.has(account);
  }

  /** Undefined for who is not in it. */
  role(account: Account): GroupRole | undefined {
    return this.#roles.get(account);
  }

  /** Puts an account in, or gives it another role. */
  put(account: Account, role: GroupRole): void {
    this.#roles.set(account, role);
  }

  remove(account: Account): void {
    this.#roles.delete(account);
    for (const member of [...this.members, account]) member.cipher.forgetGroupKey(this.jid);
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

/** The groups of one service. */
export class Groups {
  readonly #service: Service;
  readonly #byId = new Map<string, Group>();

  constructor(service: Service) {
    this.#service = service;
  }

  get all(): readonly Group[] {
    return [...this.#byId.values()];
  }

  find(jid: string | undefined): Group | undefined {
    const parsed = parseJid(jid);
    return parsed?.server === groupServer ? this.#byId.get(parsed.user) : undefined;
  }

  /** The groups an account is in. */
  of(account: Account): readonly Group[] {
    return this.all.filter((group) => group.has(account));
  }

  /** Makes a group and tells its members. */
  create(creator: Account, subject: string, members: readonly Account[]): Group {
    const id = `120363${String(randomNumber(this.#service.random, 1e11, 1e12 - 1))}`;
    const group = new Group(id, creator, subject, this.#service.seconds);
    for (const member of members) if (member !== creator) group.put(member, "member");
    this.#byId.set(id, group);
    this.notify(group, creator, node("create", { type: "new", key: id }, [group.node()]));
    return group;
  }

  /** Tells the linked devices of the members, and of whoever else is named, what somebody did to the group. */
  notify(group: Group, by: Account, what: BinaryNode, also: readonly Account[] = []): void {
    const attrs = { from: group.jid, type: "w:gp2", participant: by.jid, t: String(this.#service.seconds) };
    for (const member of new Set([...group.members, ...also])) {
      for (const device of member.devices) {
        const id = this.#service.nextNotificationId();
        this.#service.post.deliver(device, node("notification", { ...attrs, id }, [what]));
      }
    }
    this.#service.hub.emit("group", { group: group.jid, by: by.jid, what: what.tag });
  }
}
