/** Queries about the stream itself: keepalive, going active, and being unlinked by the companion's own wish. */

import { serviceJid } from "../../wire/jid.js";
import { errorResult, result } from "../../network/service.js";
import { node } from "../../wire/node.js";
import { reply, type Query, type QueryHandler } from "./query.js";

function ping({ session, iq }: Query): void {
  const { service, connection } = session;
  connection.send(result(iq, undefined, { t: String(service.seconds) }));
  service.hub.emit("ping", connection.facts);
}

function removeCompanion({ session, iq, child }: Query): void {
  const { connection, device, service } = session;
  if (service.directory.device(child?.attrs.jid) !== device) {
    // Only the phone may unlink others.
    return connection.send(errorResult(iq, 403, "forbidden"));
  }
  connection.send(node("iq", { from: serviceJid, id: iq.attrs.id, type: "result" }));
  device.account.unlink(device, "companion");
}

/** See the file. */
export const streamQueries: readonly QueryHandler[] = [
  { xmlns: "w:p", type: "get", answer: ping },
  { xmlns: "urn:xmpp:ping", type: "get", answer: ping },
  { xmlns: "passive", type: "set", child: "active", answer: ({ session, iq }) => session.activate(iq) },
  { xmlns: "passive", type: "set", child: "passive", answer: (query) => reply(query) },
  { xmlns: "md", type: "set", child: "remove-companion-device", answer: removeCompanion },
];
