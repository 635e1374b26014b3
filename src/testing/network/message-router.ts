/** Delivers messages and notifications. A stanza for a linked device is kept until the device acknowledges it. */
import type { EmulatorContext } from "../context/emulator-context.js";
import { spoilMessage } from "../signal/index.js";
import { parseJid } from "../wire/jid.js";
import { bytesOf, childrenOf, node, type BinaryNode } from "../wire/node.js";
import type { CompanionDevice } from "./companion-device.js";
import type { Directory } from "./directory.js";
import { messageStanza, type Envelope } from "./envelope.js";
import { STATUS_JID } from "./status-audience.js";

/** What a notification is about, and from whom it comes. */
export interface NotificationAttributes {
  readonly from: string;
  readonly type: string;
  readonly participant?: string;
}

/** The router of one emulator. */
export class MessageRouter {
  readonly #context: EmulatorContext;
  readonly #directory: Directory;
  #notificationCount = 0;

  constructor(context: EmulatorContext, directory: Directory) {
    this.#context = context;
    this.#directory = directory;
  }

  /** Routes an encrypted message to a phone or a linked device. One for an unknown device is lost, as on the real service. */
  route(envelope: Envelope): void {
    const account = this.#directory.find(envelope.to);
    // The author does not learn that it was blocked. In groups its messages still arrive.
    const author = this.#directory.find(envelope.from);
    const isGroup = envelope.group !== undefined && envelope.group !== STATUS_JID;
    if (author !== undefined && !isGroup && account?.blocked.has(author) === true) return;
    const number = parseJid(envelope.to)?.device ?? 0;
    if (number === 0) return account?.phone.receive(envelope);
    const device = account?.device(number);
    if (device !== undefined) this.deliver(device, messageStanza(envelope, this.#context.seconds));
  }

  /** Sends a stanza to a linked device now, or as soon as it asks for its traffic; again until it is acknowledged. */
  deliver(device: CompanionDevice, stanza: BinaryNode): void {
    device.offlineQueue.add(stanza);
    const { connection } = device;
    if (!device.active || connection === undefined) return;
    const proceed = (): void => connection.send(stanza);
    if (stanza.tag !== "message") return proceed();
    const duplicate = (): void => {
      proceed();
      proceed();
    };
    const corrupt = (): void => connection.send(corrupted(stanza));
    connection.step("delivery", { proceed, duplicate, corrupt });
  }

  /** Delivers a notification with a new id and the present time. */
  notify(device: CompanionDevice, attrs: NotificationAttributes, content: BinaryNode): void {
    this.#notificationCount += 1;
    const stamp = { id: `n${this.#notificationCount}`, t: String(this.#context.seconds) };
    this.deliver(device, node("notification", { ...attrs, ...stamp }, [content]));
  }
}

/** The same message with each ciphertext spoilt. */
function corrupted(stanza: BinaryNode): BinaryNode {
  const content = childrenOf(stanza).map((child) => {
    const bytes = bytesOf(child);
    if (child.tag !== "enc" || bytes === undefined) return child;
    return { ...child, content: spoilMessage(bytes, child.attrs["type"] ?? "") };
  });
  return { ...stanza, content };
}
