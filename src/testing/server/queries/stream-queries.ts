/** Queries about the stream itself: keepalive, the request for traffic, and a companion that unlinks itself. */
import { errorOf, resultOf } from "../../wire/iq.js";
import { SERVICE_JID } from "../../wire/jid.js";
import { node, type BinaryNode } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

function ping({ connection, context, iq }: Query): void {
  connection.send(resultOf(iq, undefined, { t: String(context.seconds) }));
  context.events.emit("ping", connection.facts);
}

/** The device asks for its traffic: sends everything that is queued, then the end of it. */
function activate(query: Query): void {
  const { connection, iq } = query;
  connection.step("active", {
    proceed: () => sendQueued(query),
    refuse: (error) => connection.send(errorOf(iq, error, "refused")),
  });
}

function sendQueued(query: Query): void {
  const { connection, context, device, iq } = query;
  connection.send(resultOf(iq, undefined, { t: String(context.seconds) }));
  const queued = device.offlineQueue.stanzas;
  device.active = true;
  if (queued.length > 0) connection.send(offlineCount("offline_preview", queued.length));
  queued.forEach((stanza, index) => {
    connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: String(index) } });
  });
  if (context.behaviour.announceOffline) connection.send(offlineCount("offline", queued.length));
  context.events.emit("active", { ...connection.facts, jid: device.jid, offlineCount: queued.length });
  connection.step("open", { proceed: () => noteFirstActivation(query) });
}

function offlineCount(tag: string, count: number): BinaryNode {
  return node("ib", { from: SERVICE_JID }, [node(tag, { count: String(count) })]);
}

function noteFirstActivation({ account, device }: Query): void {
  if (device.wasActive) return;
  device.wasActive = true;
  account.phone.deviceActivated(device);
}

function removeCompanion(query: Query): void {
  const { account, connection, device, iq, child, network } = query;
  // Only the phone may unlink other devices.
  if (network.directory.device(child?.attrs.jid) !== device) return refuse(query, 403, "forbidden");
  connection.send(node("iq", { from: SERVICE_JID, id: iq.attrs.id, type: "result" }));
  account.unlink(device, "companion");
}

/** The rows for the stream. */
export const STREAM_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w:p", type: "get", answer: ping },
  { xmlns: "urn:xmpp:ping", type: "get", answer: ping },
  { xmlns: "passive", type: "set", child: "active", answer: activate },
  { xmlns: "passive", type: "set", child: "passive", answer: (query) => reply(query) },
  { xmlns: "md", type: "set", child: "remove-companion-device", answer: removeCompanion },
];
