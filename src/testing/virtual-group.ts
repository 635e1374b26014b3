/** A group in the hands of a test. */

import {
  changeParticipants,
  changeSettings,
  type GroupSettings,
  type ParticipantChange,
} from "./network/group-changes.js";
import type { Group, GroupRole } from "./network/group.js";
import type { VirtualPhone } from "./virtual-phone.js";
import type { Service } from "./network/service.js";

/** A member, as a test sees it. */
export interface GroupMember {
  readonly phoneNumber: string;
  readonly role: GroupRole;
}

/** A group of virtual phones. Made by `VirtualPhone.createGroup`, or by a linked client. */
export class VirtualGroup {
  readonly #service: Service;
  readonly #group: Group;

  constructor(service: Service, group: Group) {
    this.#service = service;
    this.#group = group;
  }

  /** `<id>@g.us`: what `VirtualPhone.sendText` and clients write to. */
  get jid(): string {
    return this.#group.jid;
  }

  get subject(): string {
    return this.#group.subject;
  }

  get description(): string | undefined {
    return this.#group.description;
  }

  get members(): readonly GroupMember[] {
    return this.#group.members.map((account) => ({
      phoneNumber: account.phoneNumber,
      role: this.#group.role(account) ?? "member",
    }));
  }

  /** Changes the subject, the description, or who may write and change. Throws `INVALID_INPUT` when the phone may not. */
  update(by: VirtualPhone, settings: GroupSettings): void {
    changeSettings(this.#service, this.#group, this.#account(by), settings);
  }

  add(by: VirtualPhone, ...phones: readonly VirtualPhone[]): void {
    this.#change(by, "add", phones);
  }

  /** Removes others, which only admins may, or the phone itself, which is to leave. */
  remove(by: VirtualPhone, ...phones: readonly VirtualPhone[]): void {
    this.#change(by, "remove", phones);
  }

  promote(by: VirtualPhone, ...phones: readonly VirtualPhone[]): void {
    this.#change(by, "promote", phones);
  }

  demote(by: VirtualPhone, ...phones: readonly VirtualPhone[]): void {
    this.#change(by, "demote", phones);
  }

  #change(by: VirtualPhone, change: ParticipantChange, phones: readonly VirtualPhone[]): void {
    const accounts = phones.map((phone) => this.#account(phone));
    changeParticipants(this.#service, this.#group, this.#account(by), change, accounts);
  }

  #account(phone: VirtualPhone) {
    const account = this.#service.directory.find(phone.jid);
    if (account === undefined) throw new Error("The phone is of another emulator.");
    return account;
  }
}
