/** A device gets its traffic: everything that is queued for it, then the end of that. */
import type { LinkedDevice } from "../network/account.js";
import type { Network } from "../network/network.js";
import { SERVICE_JID } from "../wire/jid.js";
import { node, type BinaryNode } from "../wire/node.js";
import type { Connection } from "./connection.js";

/** Sends what is queued; what comes later is sent as it comes. Does nothing when the device has its traffic already. */
export function releaseTraffic(
  network: Network,
  connection: Connection,
  { account, device }: LinkedDevice,
): void {
  if (device.active) return;
  const { context } = network;
  const queued = device.offlineQueue.stanzas;
  device.active = true;
  if (queued.length > 0) connection.send(offlineCount("offline_preview", queued.length));
  queued.forEach((stanza, index) => {
    connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: String(index) } });
  });
  if (context.behaviour.announceOffline) connection.send(offlineCount("offline", queued.length));
  context.events.emit("active", { ...connection.facts, jid: device.jid, offlineCount: queued.length });
  connection.step("open", {
    proceed: () => {
      if (device.wasActive) return;
      device.wasActive = true;
      account.phone.deviceActivated(device);
    },
  });
}

function offlineCount(tag: string, count: number): BinaryNode {
  return node("ib", { from: SERVICE_JID }, [node(tag, { count: String(count) })]);
}
