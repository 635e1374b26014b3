/** The receipts of a phone: what became of a message, for its author. */
import type { Account } from "../network/account.js";
import type { Envelope } from "../network/envelope.js";
import type { Network } from "../network/network.js";
import { node, type BinaryNode } from "../wire/node.js";

/** Which message, and what became of it. */
export interface PhoneReceipt extends Pick<Envelope, "id" | "from" | "group"> {
  /** Undefined: delivered. */
  readonly type: string | undefined;
  readonly content?: readonly BinaryNode[] | undefined;
}

/** Sends the author of a message (`from`) what became of it on the phone of the account. */
export function sendReceipt(network: Network, account: Account, receipt: PhoneReceipt): void {
  const { context, directory, router } = network;
  const { id, from: to, group, type, content } = receipt;
  const { jid } = account;
  context.events.emit("receipt", { ids: [id], from: jid, to, type: type ?? "delivery" });
  const device = directory.device(to);
  if (device === undefined) {
    if (type === undefined || type === "read")
      directory.find(to)?.phone.noteReceipt([id], type ?? "delivered");
    return;
  }
  // The phone of the own account already knows: a companion's receipt of this type stays here.
  if (type === "sender") return;
  const sender = group === undefined ? { from: jid } : { from: group, participant: jid };
  router.deliver(device, node("receipt", { ...sender, id, t: String(context.seconds), type }, content));
}
