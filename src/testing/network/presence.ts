/** What contacts see of a user: presence and activity, sent to those who subscribed and kept nowhere. */
import { node, type BinaryNode } from "../wire/node.js";
import type { Account } from "./account.js";
import type { CompanionDevice } from "./companion-device.js";
import type { Network } from "./network.js";

/** What a phone shows of its user. */
export interface PresenceInput {
  readonly online: boolean;
  /** When the user was last online, in seconds; left out, the user hides it. */
  readonly lastSeen?: number;
}

/** What a user is doing in a chat. */
export type ChatActivity = "composing" | "recording" | "paused";

/** A device announces itself, or subscribes to an account. */
export function presenceFromDevice(
  { context, directory }: Network,
  device: CompanionDevice,
  stanza: BinaryNode,
): void {
  const { type, to } = stanza.attrs;
  if (type !== "subscribe") {
    const { connection } = device;
    if (connection !== undefined) context.events.emit("presence", { ...connection.facts, type });
    return;
  }
  const account = directory.find(to);
  if (account === undefined) return;
  device.subscriptions.add(account.jid);
  context.events.emit("presence-subscribed", { jid: device.jid, to: account.jid });
}

/** A device reports that its user is typing, recording, or has stopped. */
export function activityFromDevice({ context }: Network, device: CompanionDevice, stanza: BinaryNode): void {
  const [child] = (stanza.content ?? []) as readonly BinaryNode[];
  const activity = child?.attrs.media === "audio" ? "recording" : child?.tag;
  context.events.emit("chat-activity", {
    jid: device.jid,
    to: stanza.attrs.to ?? "",
    activity: activity ?? "",
  });
}

/** Sends an account's presence to the devices that subscribed to it. Returns their number. */
export function announcePresence(
  network: Network,
  account: Account,
  { online, lastSeen }: PresenceInput,
): number {
  const isHidden = lastSeen === undefined || account.profile.hides("last");
  const last = isHidden ? "deny" : String(lastSeen);
  const attrs = {
    from: account.jid,
    type: online ? undefined : "unavailable",
    last: online ? undefined : last,
  };
  const subscribed = allDevices(network).filter(({ subscriptions }) => subscriptions.has(account.jid));
  return sendToActive(subscribed, node("presence", attrs));
}

/** Sends what a user is doing to the linked devices of an account, or of a group's members. Returns their number. */
export function announceActivity(
  account: Account,
  to: { readonly group: string | undefined; readonly members: readonly Account[] },
  activity: ChatActivity,
): number {
  const child = activity === "recording" ? node("composing", { media: "audio" }) : node(activity);
  const sender =
    to.group === undefined ? { from: account.jid } : { from: to.group, participant: account.jid };
  const others = to.members.filter((member) => member !== account);
  return sendToActive(
    others.flatMap(({ devices }) => devices),
    node("chatstate", sender, [child]),
  );
}

function allDevices({ directory }: Network): readonly CompanionDevice[] {
  return directory.accounts.flatMap(({ devices }) => devices);
}

function sendToActive(devices: readonly CompanionDevice[], stanza: BinaryNode): number {
  const active = devices.filter((device) => device.active);
  for (const device of active) device.connection?.send(stanza);
  return active.length;
}
