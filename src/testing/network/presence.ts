/** Who is online and who is typing: told to those who asked, kept for nobody. */

import type { Account } from "./account.js";
import type { CompanionDevice } from "./companion-device.js";
import type { Service } from "./service.js";
import { node, type BinaryNode } from "../wire/node.js";

/** What a phone shows of its user. */
export interface PresenceInput {
  readonly online: boolean;
  /** When the user was last online, in seconds; left out, the user does not tell. */
  readonly lastSeen?: number;
}

/** What a user is doing in a chat. */
export type ChatActivity = "composing" | "recording" | "paused";

/** A device says that it is there, or wants to hear of an account. */
export function presenceFromDevice(service: Service, device: CompanionDevice, stanza: BinaryNode): void {
  const { type, to } = stanza.attrs;
  if (type !== "subscribe") {
    const { connection } = device;
    if (connection !== undefined) service.hub.emit("presence", { ...connection.facts, type });
    return;
  }
  const account = service.directory.find(to);
  if (account === undefined) return;
  device.subscriptions.add(account);
  service.hub.emit("presence-subscribed", { jid: device.jid, to: account.jid });
}

/** A device tells that its user is typing. */
export function activityFromDevice(service: Service, device: CompanionDevice, stanza: BinaryNode): void {
  const [child] = (stanza.content ?? []) as readonly BinaryNode[];
  const activity = child?.attrs.media === "audio" ? "recording" : child?.tag;
  service.hub.emit("chat-activity", { jid: device.jid, to: stanza.attrs.to ?? "", activity: activity ?? "" });
}

/** Tells the devices that asked. Gives how many there were. */
export function tellPresence(
  service: Service,
  account: Account,
  { online, lastSeen }: PresenceInput,
): number {
  const last = lastSeen === undefined ? "deny" : String(lastSeen);
  const attrs = {
    from: account.jid,
    type: online ? undefined : "unavailable",
    last: online ? undefined : last,
  };
  const devices = service.directory.accounts
    .flatMap(({ devices: all }) => all)
    .filter(({ subscriptions }) => subscriptions.has(account));
  return tell(devices, node("presence", attrs));
}

/** Tells the linked devices of an account, or of a group's members, what a user is doing. Gives how many there were. */
export function tellActivity(
  account: Account,
  to: { readonly group: string | undefined; readonly members: readonly Account[] },
  activity: ChatActivity,
): number {
  const child = activity === "recording" ? node("composing", { media: "audio" }) : node(activity);
  const sender =
    to.group === undefined ? { from: account.jid } : { from: to.group, participant: account.jid };
  const others = to.members.filter((member) => member !== account);
  return tell(
    others.flatMap(({ devices }) => devices),
    node("chatstate", sender, [child]),
  );
}

function tell(devices: readonly CompanionDevice[], stanza: BinaryNode): number {
  const active = devices.filter((device) => device.active);
  for (const device of active) device.connection?.send(stanza);
  return active.length;
}
