/** Queries about an account's settings. The answers are plain, and settings are not kept. */
import { childOf, node } from "../../wire/node.js";
import { reply, type Query, type QueryHandler } from "./query.js";

/** Everything visible to everyone. `readreceipts=all` is what makes clients send `read` rather than `read-self`. */
const PRIVACY_SETTINGS: Readonly<Record<string, string>> = {
  last: "all",
  online: "all",
  profile: "all",
  status: "all",
  readreceipts: "all",
  groupadd: "all",
  calladd: "all",
};

function getPrivacy(query: Query): void {
  const categories = Object.entries(PRIVACY_SETTINGS).map(([name, value]) =>
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
  const { device, network } = query;
  const { token: auth, lifetimeSeconds } = network.media.issueToken(device.jid);
  const attrs = { auth, ttl: String(lifetimeSeconds), max_buckets: "12" };
  const hosts = network.media.hosts.map((hostname) => node("host", { hostname }));
  reply(query, [node("media_conn", { ...attrs, auth_ttl: attrs.ttl }, hosts)]);
}

function appState(query: Query): void {
  const { account, device, iq } = query;
  reply(query, [node("sync", {}, account.phone.answerAppState(device, childOf(iq, "sync")))]);
}

/** The rows for the account. */
export const ACCOUNT_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w", type: "get", child: "props", answer: properties },
  { xmlns: "abt", type: "get", child: "props", answer: properties },
  { xmlns: "privacy", type: "get", child: "privacy", answer: getPrivacy },
  { xmlns: "privacy", type: "set", answer: (query) => reply(query) },
  { xmlns: "urn:xmpp:whatsapp:dirty", type: "set", child: "clean", answer: (query) => reply(query) },
  { xmlns: "w:m", type: "set", child: "media_conn", answer: mediaConnection },
  { xmlns: "w:sync:app:state", type: "set", child: "sync", answer: appState },
];
