/** What happens to calls: one rings, is answered, refused, ended. No sound passes. */
import { childOf, node, type BinaryNode } from "../wire/node.js";
import type { Account, LinkedDevice } from "./account.js";
import { callFacts, type Call, type CallStatus } from "./calls.js";
import type { Network } from "./network.js";

/** What may happen to a call, by the tag of its stanza. */
export type CallChange = "accept" | "reject" | "terminate";

const STATUS: Readonly<Record<CallChange, CallStatus>> = {
  accept: "accepted",
  reject: "rejected",
  terminate: "ended",
};
const ID_LENGTH = 16;

/** An account calls another: its linked clients ring, unless it has blocked the caller. */
export function offerCall(network: Network, from: Account, to: Account, video: boolean): Call {
  const call: Call = { id: newId(network), from, to, video, status: "ringing" };
  network.calls.add(call);
  if (!to.blocked.has(from)) {
    const media = [node("audio", { rate: "16000", enc: "opus" }), ...(video ? [node("video")] : [])];
    tell(network, to, from, node("offer", { ...about(call), caller_pn: from.jid }, media));
  }
  network.context.events.emit("call", callFacts(call));
  return call;
}

/** One side answers, refuses or ends a call on the phone. Returns false when it is over. */
export function changeCall(
  network: Network,
  call: Call,
  by: Account,
  change: CallChange,
  reason?: string,
): boolean {
  if (!apply(network, call, change)) return false;
  const child = node(change, { ...about(call), reason });
  const other = by === call.from ? call.to : call.from;
  if (!other.blocked.has(by)) tell(network, other, by, child);
  tell(network, by, by, child);
  return true;
}

/** A linked device sends something about a call: acknowledges it, and does it. */
export function callFromDevice(
  network: Network,
  { account, device }: LinkedDevice,
  stanza: BinaryNode,
): void {
  const { id, to } = stanza.attrs;
  const child = childOf(stanza);
  const change = child?.tag;
  const ack = (error?: string): void =>
    device.connection?.send(node("ack", { class: "call", id, from: to, type: change, error }));
  if (change === "link_create") return createLink(network, device, stanza);
  if (change !== "accept" && change !== "reject" && change !== "terminate") {
    device.connection?.refuseUnknown(stanza);
    return ack("501");
  }
  const call = network.calls.find(child?.attrs["call-id"]);
  if (call === undefined || (call.from !== account && call.to !== account)) return ack("404");
  ack();
  if (!apply(network, call, change)) return;
  const other = account === call.from ? call.to : call.from;
  tell(network, other, account, node(change, about(call)));
  tell(network, account, account, node(change, about(call)), device.jid);
}

/** A link to a call, which whoever has it may join. Here nobody can. */
function createLink({ context }: Network, { connection }: LinkedDevice["device"], stanza: BinaryNode): void {
  const { id, to } = stanza.attrs;
  const token = Buffer.from(context.random(ID_LENGTH)).toString("base64url");
  const media = childOf(stanza)?.attrs.media;
  connection?.send(
    node("ack", { class: "call", id, from: to, type: "link_create" }, [
      node("link_create", { token, media }),
    ]),
  );
}

function apply({ context }: Network, call: Call, change: CallChange): boolean {
  const isOpen = call.status === "ringing" || (call.status === "accepted" && change === "terminate");
  if (!isOpen) return false;
  call.status = STATUS[change];
  context.events.emit("call", callFacts(call));
  return true;
}

function about({ id, from }: Call): Record<string, string> {
  return { "call-id": id, "call-creator": from.jid };
}

function tell(network: Network, account: Account, from: Account, child: BinaryNode, except?: string): void {
  const t = String(network.context.seconds);
  for (const device of account.devices.filter(({ jid }) => jid !== except))
    network.router.deliver(device, node("call", { from: from.jid, id: newId(network), t }, [child]));
}

function newId({ context }: Network): string {
  return Buffer.from(context.random(ID_LENGTH)).toString("hex").toUpperCase();
}
