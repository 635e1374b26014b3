/** Carries messages and receipts between devices. A stanza for a linked device is kept until the device acknowledges it. */

import type { Account } from "./account.js";
import type { CompanionDevice } from "./companion-device.js";
import { messageStanza, type EncryptedPart, type Envelope } from "../phone/envelope.js";
import type { Group } from "./group.js";
import { lidServer, parseJid } from "../wire/jid.js";
import { verifyDeviceSignature } from "../wire/adv.js";
import type { Service } from "./service.js";
import { proto } from "../wire/proto.js";
import { bytesOf, childOf, childrenOf, node, type BinaryNode } from "../wire/node.js";

const partTypes: ReadonlySet<string | undefined> = new Set(["pkmsg", "msg", "skmsg"]);

/** The post office of one service. */
export class MessageRouter {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Sends a stanza to a linked device now, or as soon as it asks for its traffic; again until it is acknowledged. */
  deliver(device: CompanionDevice, stanza: BinaryNode): void {
    device.mailbox.put(stanza);
    const { connection } = device;
    if (!device.active || connection === undefined) return;
    const go = (): void => connection.send(stanza);
    if (stanza.tag !== "message") return go();
    const duplicate = (): void => {
      go();
      go();
    };
    connection.step("delivery", { go, duplicate, corrupt: () => connection.send(corrupted(stanza)) });
  }

  /** Brings an encrypted message to a phone or a linked device. An unknown device loses it, as on the real service. */
  carry(envelope: Envelope): void {
    const account = this.#service.directory.find(envelope.to);
    const device = parseJid(envelope.to)?.device ?? 0;
    if (device === 0) return account?.chat.receive(envelope);
    const companion = account?.device(device);
    if (companion !== undefined) this.deliver(companion, messageStanza(envelope, this.#service.seconds));
  }

  /** A linked device sends a message: one copy per device in it, and to a group a part for all. */
  messageFromDevice(device: CompanionDevice, stanza: BinaryNode): void {
    const { connection } = device;
    const { id, to } = stanza.attrs;
    const ack = (error?: number): void =>
      connection?.send(
        node("ack", {
          class: "message",
          id,
          from: to,
          t: String(this.#service.seconds),
          error: error === undefined ? undefined : String(error),
        }),
      );
    const go = (): void => {
      ack();
      this.#take(device, stanza);
    };
    if (connection === undefined) return go();
    connection.step("message", { go, refuse: ack });
  }

  /** A linked device sends a receipt. */
  receiptFromDevice(device: CompanionDevice, stanza: BinaryNode): void {
    const { id = "", to = "", type, participant } = stanza.attrs;
    device.connection?.send(node("ack", { class: "receipt", id, from: to, type, participant }));
    const ids = [id, ...childrenOf(childOf(stanza, "list"), "item").map((item) => item.attrs.id ?? "")];
    this.#service.hub.emit("receipt", { ids, from: device.jid, to, type: type ?? "delivery" });
    const group = this.#service.groups.find(to);
    const author = group === undefined ? to : participant;
    if (type === "retry") return this.#retry(device, stanza, author);
    device.mailbox.received(ids);
    // Only a type that concerns the author travels on: the others tell the own phone, or the service.
    if (type !== undefined && type !== "inactive" && type !== "read") return;
    const account = this.#service.directory.find(author);
    account?.chat.noteReceipt(ids, type === "read" ? "read" : "delivered");
    this.#forwardReceipt(device, stanza, account?.devices ?? [], group);
  }

  #retry(device: CompanionDevice, stanza: BinaryNode, author: string | undefined): void {
    const companion = this.#service.directory.device(author);
    const group = this.#service.groups.find(stanza.attrs.to);
    if (companion === undefined) this.#service.directory.find(author)?.chat.resend(device, stanza);
    else this.#forwardReceipt(device, stanza, [companion], group);
  }

  /** Peers see how a message was received, not whether the device was idle; a retry names the device that asks. */
  #forwardReceipt(
    device: CompanionDevice,
    stanza: BinaryNode,
    to: readonly CompanionDevice[],
    group: Group | undefined,
  ): void {
    const { id, type } = stanza.attrs;
    const shownType = type === "inactive" ? undefined : type;
    const reader = type === "retry" ? device.jid : device.account.jid;
    const sender = group === undefined ? { from: reader } : { from: group.jid, participant: reader };
    const attrs = { ...sender, id, t: String(this.#service.seconds), type: shownType };
    for (const other of to) this.deliver(other, node("receipt", attrs, stanza.content));
  }

  #take(device: CompanionDevice, stanza: BinaryNode): void {
    this.#checkDeviceIdentity(device, stanza);
    const { to, participant } = stanza.attrs;
    const chat = stanza.attrs.recipient ?? to;
    const common = partIn(stanza);
    const copies = new Map(
      childrenOf(childOf(stanza, "participants"), "to").map((copy) => [copy.attrs.jid ?? "", partIn(copy)]),
    );
    const group = this.#service.groups.find(to);
    if (group !== undefined) return this.#toGroup(device, stanza, { group, common, copies, participant });
    if (common !== undefined) this.#forward(device, { stanza, chat, to, parts: [common] });
    for (const [jid, part] of copies) {
      this.#forward(device, { stanza, chat, to: jid, parts: part === undefined ? [] : [part] });
    }
  }

  #toGroup(
    device: CompanionDevice,
    stanza: BinaryNode,
    message: {
      readonly group: Group;
      readonly common: EncryptedPart | undefined;
      readonly copies: ReadonlyMap<string, EncryptedPart | undefined>;
      readonly participant: string | undefined;
    },
  ): void {
    const { group, common, copies, participant } = message;
    if (!group.has(device.account))
      return this.#violation(device, "A message to a group is not by a member.");
    // With a participant it is for that device alone: it could not read the message before.
    const recipients = participant === undefined ? group.deviceJids : [participant];
    for (const to of recipients.filter((jid) => jid !== device.jid)) {
      const parts = [copies.get(to), common].filter((part) => part !== undefined);
      this.#forward(device, { stanza, chat: group.jid, to, parts, group });
    }
  }

  #forward(
    device: CompanionDevice,
    message: {
      readonly stanza: BinaryNode;
      readonly chat: string | undefined;
      readonly to: string | undefined;
      readonly parts: readonly EncryptedPart[];
      readonly group?: Group;
    },
  ): void {
    const { stanza, chat, to, parts, group } = message;
    if (to === undefined || parts.length === 0) {
      return this.#violation(device, "A message has a copy without address, content or known type.");
    }
    const isOwn = this.#service.directory.find(to) === device.account;
    this.carry({
      id: stanza.attrs.id ?? "",
      from: parseJid(to)?.server === lidServer ? device.lid : device.jid,
      to,
      group: group?.jid,
      recipient: isOwn && group === undefined ? chat : undefined,
      parts,
      retry: childOf(stanza, "enc")?.attrs.count,
      notify: device.account.name,
    });
  }

  #checkDeviceIdentity(device: CompanionDevice, stanza: BinaryNode): void {
    const copies = childrenOf(childOf(stanza, "participants"), "to").map((copy) => childOf(copy, "enc"));
    if (![...copies, childOf(stanza, "enc")].some((enc) => enc?.attrs.type === "pkmsg")) return;
    const problem = identityProblem(bytesOf(childOf(stanza, "device-identity")), device, device.account);
    if (problem !== undefined) this.#violation(device, problem);
  }

  #violation({ connection }: CompanionDevice, problem: string): void {
    if (connection !== undefined) this.#service.violation(connection, problem);
  }
}

function identityProblem(
  signed: Buffer | undefined,
  device: CompanionDevice,
  account: Account,
): string | undefined {
  if (signed === undefined) return "A message that starts a session must carry the device identity.";
  const problem = verifyDeviceSignature({
    signed,
    companionIdentity: device.keys.identityKey,
    accountSignatureKey: account.identity.publicKey,
  });
  if (problem !== undefined) return problem;
  if (proto.advSignedDeviceIdentity.decode(signed).accountSignatureKey !== undefined) return undefined;
  return "A device identity in a message must name the account's key.";
}

/** The encrypted part in a node; undefined when there is none of a known type. */
function partIn(parent: BinaryNode): EncryptedPart | undefined {
  const enc = childOf(parent, "enc");
  const ciphertext = bytesOf(enc);
  const type = enc?.attrs.type;
  if (ciphertext === undefined || !partTypes.has(type)) return undefined;
  return { type: type as EncryptedPart["type"], ciphertext };
}

/** The same message with the last byte of each ciphertext changed. */
function corrupted(stanza: BinaryNode): BinaryNode {
  const content = childrenOf(stanza).map((child) => {
    const bytes = bytesOf(child);
    if (child.tag !== "enc" || bytes === undefined) return child;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return { ...child, content: bytes };
  });
  return { ...stanza, content };
}
