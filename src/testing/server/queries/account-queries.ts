/** Queries about an account's settings. The service gives plain answers and keeps nothing of what is set. */

import { childOf, node } from "../../wire/node.js";
import { reply, type Query, type QueryHandler } from "./query.js";

/** Everything visible to everyone. `readreceipts=all` is what makes clients send `read` rather than `read-self`. */
const privacySettings: Readonly<Record<string, string>> = {
  last: "all",
  online: "all",
  profile: "all",
  status: "all",
  readreceipts: "all",
  groupadd: "all",
  calladd: "all",
};

const mediaLifetimeSeconds = 3600;

function getPrivacy(query: Query): void {
  const categories = Object.entries(privacySettings).map(([name, value]) =>
    node("category", { name, value }),
  );
  reply(query, [node("privacy", {}, categories)]);
}

function properties(query: Query): void {
  reply(query, [
    node("props", { hash: "emulator", refresh: "86400" }, [node("prop", { name: "web", value: "1" })]),
  ]);
}

function mediaConnection(query: Query): void {
  const attrs = {
    auth: Buffer.from(query.session.service.random(24)).toString("base64url"),
    ttl: String(mediaLifetimeSeconds),
    max_buckets: "12",
  };
  const hosts = [node("host", { hostname: "mmg.whatsapp.net" })];
  reply(query, [node("media_conn", { ...attrs, auth_ttl: attrs.ttl }, hosts)]);
}

function appState(query: Query): void {
  const { device } = query.session;
  reply(query, [node("sync", {}, device.account.appState.answer(device, childOf(query.iq, "sync")))]);
}

/** See the file. */
export const accountQueries: readonly QueryHandler[] = [
  { xmlns: "w", type: "get", child: "props", answer: properties },
  { xmlns: "abt", type: "get", child: "props", answer: properties },
  { xmlns: "blocklist", type: "get", answer: (query) => reply(query, [node("list", { dhash: "1" })]) },
  { xmlns: "blocklist", type: "set", answer: (query) => reply(query) },
  { xmlns: "privacy", type: "get", child: "privacy", answer: getPrivacy },
  { xmlns: "privacy", type: "set", answer: (query) => reply(query) },
  { xmlns: "urn:xmpp:whatsapp:dirty", type: "set", child: "clean", answer: (query) => reply(query) },
  { xmlns: "w:m", type: "set", child: "media_conn", answer: mediaConnection },
  { xmlns: "w:sync:app:state", type: "set", child: "sync", answer: appState },
];
