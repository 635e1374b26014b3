/** Carries messages and receipts between devices. A stanza for a linked device is kept until the device acknowledges it. */

import type { CompanionDevice } from "./companion-device.js";
import { lidServer, parseJid } from "./jid.js";
import { verifyDeviceSignature } from "./linking/adv.js";
import { proto } from "./wire/proto.js";
import type { Service } from "./service.js";
import type { SignalMessageType } from "./signal/index.js";
import { bytesOf, childOf, childrenOf, node, type BinaryNode } from "./wire/node.js";

/** One encrypted copy of a message, for one device. */
export interface Envelope {
  readonly id: string;
  /** Device that wrote it, in the kind of address the recipient was addressed by. */
  readonly from: string;
  /** Device it is for. */
  readonly to: string;
  /** The chat, when this is a copy for another device of the author's own account. */
  readonly recipient: string | undefined;
  readonly type: SignalMessageType;
  readonly ciphertext: Uint8Array;
  /** Number of the retry this answers. */
  readonly retry?: string | undefined;
  /** Name of the author. */
  readonly notify: string | undefined;
}

/** The post office of one service. */
export class PostOffice {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Sends a stanza to a linked device now, or as soon as it asks for its traffic; again until it is acknowledged. */
  deliver(device: CompanionDevice, stanza: BinaryNode): void {
    device.mailbox.put(stanza);
    if (device.active) device.connection?.send(stanza);
  }

  /** Brings an encrypted message to a phone or a linked device. An unknown device loses it, as on the real service. */
  carry(envelope: Envelope): void {
    const account = this.#service.directory.find(envelope.to);
    const device = parseJid(envelope.to)?.device ?? 0;
    if (device === 0) return account?.chat.receive(envelope);
    const companion = account?.device(device);
    if (companion === undefined) return;
    const { id, from, recipient, type, ciphertext, retry, notify } = envelope;
    const t = String(this.#service.seconds);
    const enc = node("enc", { v: "2", type, count: retry }, ciphertext);
    this.deliver(companion, node("message", { from, id, t, type: "text", recipient, notify }, [enc]));
  }

  /** A linked device sends a message: one copy per device in it. */
  messageFromDevice(device: CompanionDevice, stanza: BinaryNode): void {
    const { id, to } = stanza.attrs;
    const t = String(this.#service.seconds);
    device.connection?.send(node("ack", { class: "message", id, from: to, t }));
    this.#checkDeviceIdentity(device, stanza);
    const chat = stanza.attrs.recipient ?? to;
    const single = childOf(stanza, "enc");
    if (single !== undefined) this.#forward(device, { stanza, chat, to, enc: single });
    for (const copy of childrenOf(childOf(stanza, "participants"), "to")) {
      this.#forward(device, { stanza, chat, to: copy.attrs.jid, enc: childOf(copy, "enc") });
    }
  }

  /** A linked device sends a receipt. */
  receiptFromDevice(device: CompanionDevice, stanza: BinaryNode): void {
    const { id = "", to = "", type } = stanza.attrs;
    device.connection?.send(node("ack", { class: "receipt", id, from: to, type }));
    const ids = [id, ...childrenOf(childOf(stanza, "list"), "item").map((item) => item.attrs.id ?? "")];
    this.#service.hub.emit("receipt", { ids, from: device.jid, to, type: type ?? "delivery" });
    const account = this.#service.directory.find(to);
    if (type !== "retry") device.mailbox.received(ids);
    if (type === "retry") {
      const author = this.#service.directory.device(to);
      if (author === undefined) account?.chat.resend(device, stanza);
      else this.deliver(author, forwardedReceipt(device, stanza, this.#service.seconds));
      return;
    }
    // Only a type that concerns the author travels on: the others tell the own phone, or the service.
    if (type !== undefined && type !== "inactive" && type !== "read") return;
    account?.chat.noteReceipt(ids, type === "read" ? "read" : "delivered");
    for (const author of account?.devices ?? []) {
      this.deliver(author, forwardedReceipt(device, stanza, this.#service.seconds));
    }
  }

  #forward(
    device: CompanionDevice,
    message: {
      readonly stanza: BinaryNode;
      readonly chat: string | undefined;
      readonly to: string | undefined;
      readonly enc: BinaryNode | undefined;
    },
  ): void {
    const { stanza, chat, to, enc } = message;
    const ciphertext = bytesOf(enc);
    const type = enc?.attrs.type;
    if (to === undefined || ciphertext === undefined || (type !== "pkmsg" && type !== "msg")) {
      if (device.connection !== undefined) {
        this.#service.violation(
          device.connection,
          `A message has a copy without address, content or known type.`,
        );
      }
      return;
    }
    const isOwn = this.#service.directory.find(to) === device.account;
    this.carry({
      id: stanza.attrs.id ?? "",
      from: parseJid(to)?.server === lidServer ? device.lid : device.jid,
      to,
      recipient: isOwn ? chat : undefined,
      type,
      ciphertext,
      retry: enc?.attrs.count,
      notify: device.account.name,
    });
  }

  #checkDeviceIdentity(device: CompanionDevice, stanza: BinaryNode): void {
    const copies = childrenOf(childOf(stanza, "participants"), "to").map((copy) => childOf(copy, "enc"));
    if (![...copies, childOf(stanza, "enc")].some((enc) => enc?.attrs.type === "pkmsg")) return;
    const signed = bytesOf(childOf(stanza, "device-identity"));
    const problem =
      signed === undefined
        ? "A message that starts a session must carry the device identity."
        : verifyDeviceSignature({
            signed,
            companionIdentity: device.keys.identityKey,
            accountSignatureKey: device.account.identity.publicKey,
          });
    if (problem !== undefined && device.connection !== undefined) {
      this.#service.violation(device.connection, problem);
    } else if (
      signed !== undefined &&
      proto.advSignedDeviceIdentity.decode(signed).accountSignatureKey === undefined
    ) {
      if (device.connection !== undefined) {
        this.#service.violation(
          device.connection,
          "A device identity in a message must name the account's key.",
        );
      }
    }
  }
}

function forwardedReceipt(device: CompanionDevice, stanza: BinaryNode, seconds: number): BinaryNode {
  const { id, type } = stanza.attrs;
  // Peers see how a message was received, not whether the device was idle; a retry names the device that asks.
  const shownType = type === "inactive" ? undefined : type;
  const from = type === "retry" ? device.jid : device.account.jid;
  return node("receipt", { from, id, t: String(seconds), type: shownType }, stanza.content);
}
