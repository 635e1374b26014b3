/** A group, operated by a test. */
import { ZpwootError } from "../errors.js";
import type { Account } from "./network/account.js";
import {
  changeParticipants,
  changeSettings,
  invite,
  type GroupSettings,
  type ParticipantChange,
} from "./network/group-changes.js";
import { decideRequest, joinByCode } from "./network/group-joining.js";
import type { Group, GroupRole } from "./network/group.js";
import type { Network } from "./network/network.js";

/** A member, as a test sees it. */
export interface GroupMember {
  readonly phoneNumber: string;
  readonly role: GroupRole;
  /** What it says that it is in the group. */
  readonly label?: string;
}

/** Whoever acts in a group, or is acted on. Every `VirtualPhone` is one. */
export interface GroupParticipant {
  readonly jid: string;
}

/**
 * A group of virtual phones. Made by `VirtualPhone.createGroup`, or by a linked client (then in `WhatsAppEmulator.groups`).
 * The first argument of each change is the phone that makes it; it throws `INVALID_INPUT` when that phone may not.
 *
 * @example
 * ```ts
 * const group = ana.createGroup("Family", [bruno]);
 * group.add(ana, carla);
 * group.promote(ana, bruno);
 * group.update(bruno, { subject: "The family" });
 * ana.sendText(group, "hello, everybody");
 * ```
 */
export class VirtualGroup {
  readonly #network: Network;
  readonly #group: Group;

  /** @internal */
  constructor(network: Network, group: Group) {
    this.#network = network;
    this.#group = group;
  }

  /** `<id>@g.us`: the address that `VirtualPhone.sendText` and clients send to. */
  get jid(): string {
    return this.#group.jid;
  }

  /** The title of the group. */
  get subject(): string {
    return this.#group.subject;
  }

  /** Undefined until it is set. */
  get description(): string | undefined {
    return this.#group.description;
  }

  /** In the order of joining. */
  get members(): readonly GroupMember[] {
    return this.#group.members.map((account) => {
      const label = this.#group.label(account);
      const role = this.#group.role(account) ?? "member";
      return { phoneNumber: account.phoneNumber, role, ...(label !== undefined && { label }) };
    });
  }

  /** Changes the subject, the description, or who may write and change settings. */
  update(by: GroupParticipant, settings: GroupSettings): void {
    changeSettings(this.#network, this.#group, this.#account(by), settings);
  }

  /** The bytes of its picture, which clients set; undefined while there is none. */
  get picture(): Buffer | undefined {
    return this.#group.picture?.bytes;
  }

  /** Seconds after which new messages disappear; 0: never. */
  get disappearingSeconds(): number {
    return this.#group.expiration;
  }

  /** The code of its invitation, until it is revoked. */
  get inviteCode(): string {
    return this.#group.inviteCode;
  }

  /** Makes an invitation for one account, as an admin sends it to one who may not be added; `send` a `group-invite` with it. */
  invite(
    by: GroupParticipant,
    phone: GroupParticipant,
  ): { readonly code: string; readonly expiration: number } {
    if (this.#group.role(this.#account(by)) === "member")
      throw new ZpwootError("INVALID_INPUT", "Only admins may invite to a group");
    const { code, until } = invite(this.#network, this.#group, this.#account(phone));
    return { code, expiration: until };
  }

  /** JIDs of the accounts that ask to be let in, where admins decide on that (`update(ana, { joinApproval: true })`). */
  get joinRequests(): readonly string[] {
    return [...this.#group.joinRequests.keys()].map(({ jid }) => jid);
  }

  /** A phone joins by the invitation's code, or asks to where admins decide. Returns whether it is in. */
  join(phone: GroupParticipant): boolean {
    return joinByCode(this.#network, this.#group, this.#account(phone));
  }

  /** Lets in one who asked. Only admins may; returns false when the account had not asked. */
  approve(by: GroupParticipant, phone: GroupParticipant): boolean {
    const who = { by: this.#account(by), account: this.#account(phone) };
    return decideRequest(this.#network, this.#group, { ...who, approve: true });
  }

  /** Refuses one who asked. Only admins may; returns false when the account had not asked. */
  reject(by: GroupParticipant, phone: GroupParticipant): boolean {
    const who = { by: this.#account(by), account: this.#account(phone) };
    return decideRequest(this.#network, this.#group, { ...who, approve: false });
  }

  /** Adds members. Only admins may, unless members may, too (`membersMayAdd`). */
  add(by: GroupParticipant, ...phones: readonly GroupParticipant[]): void {
    this.#change(by, "add", phones);
  }

  /** Removes others, which only admins may, or the phone itself, which then leaves. */
  remove(by: GroupParticipant, ...phones: readonly GroupParticipant[]): void {
    this.#change(by, "remove", phones);
  }

  /** Makes members admins. Only admins may. */
  promote(by: GroupParticipant, ...phones: readonly GroupParticipant[]): void {
    this.#change(by, "promote", phones);
  }

  /** Makes admins plain members. Only admins may. */
  demote(by: GroupParticipant, ...phones: readonly GroupParticipant[]): void {
    this.#change(by, "demote", phones);
  }

  #change(by: GroupParticipant, change: ParticipantChange, phones: readonly GroupParticipant[]): void {
    const accounts = phones.map((phone) => this.#account(phone));
    changeParticipants(this.#network, this.#group, this.#account(by), change, accounts);
  }

  #account(phone: GroupParticipant): Account {
    const account = this.#network.directory.find(phone.jid);
    if (account === undefined)
      throw new ZpwootError("INVALID_INPUT", "The phone belongs to another emulator");
    return account;
  }
}
