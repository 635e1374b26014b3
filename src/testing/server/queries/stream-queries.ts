/** Queries about the stream itself: keepalive, the request for traffic, and a companion that unlinks itself. */
import { errorOf, resultOf } from "../../wire/iq.js";
import { SERVICE_JID } from "../../wire/jid.js";
import { node } from "../../wire/node.js";
import { releaseTraffic } from "../activation.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

function ping({ connection, context, iq }: Query): void {
  connection.send(resultOf(iq, undefined, { t: String(context.seconds) }));
  context.events.emit("ping", connection.facts);
}

/** The device asks for its traffic: sends everything that is queued, then the end of it. */
function activate(query: Query): void {
  const { connection, iq } = query;
  connection.step("active", {
    proceed: () => {
      connection.send(resultOf(iq, undefined, { t: String(query.context.seconds) }));
      releaseTraffic(query.network, connection, query);
    },
    refuse: (error) => connection.send(errorOf(iq, error, "refused")),
  });
}

function removeCompanion(query: Query): void {
  const { account, connection, device, iq, child, network } = query;
  // Only the phone may unlink other devices.
  if (network.directory.device(child?.attrs.jid) !== device) return refuse(query, 403, "forbidden");
  connection.send(node("iq", { from: SERVICE_JID, id: iq.attrs.id, type: "result" }));
  account.unlink(device, "companion");
}

/** The device wants no traffic for now: it is queued again. */
function deactivate(query: Query): void {
  query.device.active = false;
  reply(query);
}

/** The rows for the stream. */
export const STREAM_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w:p", type: "get", answer: ping },
  { xmlns: "urn:xmpp:ping", type: "get", answer: ping },
  { xmlns: "passive", type: "set", child: "active", answer: activate },
  { xmlns: "passive", type: "set", child: "passive", answer: deactivate },
  { xmlns: "md", type: "set", child: "remove-companion-device", answer: removeCompanion },
];
