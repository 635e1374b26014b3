/** Receipts from linked devices: acknowledged, noted, and forwarded to the devices of the author. */
import { childOf, childrenOf, node, type BinaryNode } from "../wire/node.js";
import type { LinkedDevice } from "./account.js";
import type { CompanionDevice } from "./companion-device.js";
import type { Group } from "./group.js";
import type { Network } from "./network.js";

/** Those with which a message is read: a voice note is by being played. */
const READ_TYPES: ReadonlySet<string | undefined> = new Set(["read", "played"]);

/** A linked device sends a receipt. */
export function receiptFromDevice(network: Network, sender: LinkedDevice, stanza: BinaryNode): void {
  const { device } = sender;
  const { id = "", to = "", type, participant } = stanza.attrs;
  device.connection?.send(node("ack", { class: "receipt", id, from: to, type, participant }));
  const ids = [id, ...childrenOf(childOf(stanza, "list"), "item").map((item) => item.attrs.id ?? "")];
  network.context.events.emit("receipt", { ids, from: device.jid, to, type: type ?? "delivery" });
  const group = network.groups.find(to);
  const author = group === undefined ? to : participant;
  if (type === "retry") return retry(network, sender, stanza, { author, group });
  if (type === "server-error") return sender.account.phone.storeMediaAgain(device, stanza);
  device.offlineQueue.acknowledgeMessages(ids);
  // Only a type that concerns the author is forwarded: the others are for the own phone, or for the service.
  if (type !== undefined && type !== "inactive" && !READ_TYPES.has(type)) return;
  const account = network.directory.find(author);
  account?.phone.noteReceipt(ids, READ_TYPES.has(type) ? "read" : "delivered");
  forward(network, sender, stanza, account?.devices ?? [], group);
}

function retry(
  network: Network,
  sender: LinkedDevice,
  stanza: BinaryNode,
  { author, group }: { readonly author: string | undefined; readonly group: Group | undefined },
): void {
  const companion = network.directory.device(author);
  if (companion === undefined) network.directory.find(author)?.phone.resend(sender.device, stanza);
  else forward(network, sender, stanza, [companion], group);
}

/** Peers see how a message was received, not whether the device was idle; a retry names the device that asks. */
function forward(
  { context, router }: Network,
  { account, device }: LinkedDevice,
  stanza: BinaryNode,
  to: readonly CompanionDevice[],
  group: Group | undefined,
): void {
  const { id, type } = stanza.attrs;
  const shownType = type === "inactive" ? undefined : type;
  const reader = type === "retry" ? device.jid : account.jid;
  const sender = group === undefined ? { from: reader } : { from: group.jid, participant: reader };
  const attrs = { ...sender, id, t: String(context.seconds), type: shownType };
  for (const other of to) router.deliver(other, node("receipt", attrs, stanza.content));
}
