/** What a phone tells the author of a message. */

import type { Account } from "../network/account.js";
import type { Envelope } from "./envelope.js";
import type { Service } from "../network/service.js";
import { node, type BinaryNode } from "../wire/node.js";

/** Of which message, and what became of it. */
export interface PhoneReceipt extends Pick<Envelope, "id" | "from" | "group"> {
  /** Undefined: delivered. */
  readonly type: string | undefined;
  readonly content?: readonly BinaryNode[] | undefined;
}

/** Tells the author of a message (`from`) what became of it on the phone of the account. */
export function sendReceipt(service: Service, account: Account, receipt: PhoneReceipt): void {
  const { id, from: to, group, type, content } = receipt;
  const { jid } = account;
  service.hub.emit("receipt", { ids: [id], from: jid, to, type: type ?? "delivery" });
  const device = service.directory.device(to);
  if (device === undefined) {
    if (type === undefined || type === "read")
      service.directory.find(to)?.chat.noteReceipt([id], type ?? "delivered");
    return;
  }
  // A companion learns of its own account's receipts through the phone, which needs no telling.
  if (type === "sender") return;
  const sender = group === undefined ? { from: jid } : { from: group, participant: jid };
  service.post.deliver(device, node("receipt", { ...sender, id, t: String(service.seconds), type }, content));
}
