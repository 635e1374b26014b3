/** Queries about an account's settings. */
import { childOf, childrenOf, node } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

function getPrivacy(query: Query): void {
  const { privacy } = query.account.profile;
  const categories = [...privacy].map(([name, value]) => node("category", { name, value }));
  reply(query, [node("privacy", {}, categories)]);
}

function setPrivacy(query: Query): void {
  const asked = childrenOf(query.child, "category").map(({ attrs }) => attrs);
  const known = asked.filter(({ name = "", value = "" }) => query.account.profile.setPrivacy(name, value));
  if (known.length < asked.length || asked.length === 0) return refuse(query, 400, "bad-request");
  reply(query, [
    node(
      "privacy",
      {},
      known.map((attrs) => node("category", attrs)),
    ),
  ]);
}

/** Tokens with which contacts show that they may send; the emulator asks for none. */
function privacyTokens(query: Query): void {
  reply(query, [node("tokens", {}, childrenOf(query.child, "token"))]);
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

/** After how many seconds messages of new chats disappear. */
function setDisappearing(query: Query): void {
  const duration = Number(query.child?.attrs.duration);
  if (!Number.isInteger(duration) || duration < 0) return refuse(query, 400, "bad-request");
  query.account.profile.setDisappearing(duration, query.context.seconds);
  reply(query);
}

/** Assistants that one may write to: there are none. */
function bots(query: Query): void {
  reply(query, [node("bot", { v: "2" }, [node("section", { type: "all", name: "All" }, [])])]);
}

/** The rows for the account. */
export const ACCOUNT_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w", type: "get", child: "props", answer: properties },
  { xmlns: "abt", type: "get", child: "props", answer: properties },
  { xmlns: "privacy", type: "get", child: "privacy", answer: getPrivacy },
  { xmlns: "privacy", type: "set", child: "privacy", answer: setPrivacy },
  { xmlns: "privacy", type: "set", child: "tokens", answer: privacyTokens },
  { xmlns: "disappearing_mode", type: "set", child: "disappearing_mode", answer: setDisappearing },
  { xmlns: "bot", type: "get", child: "bot", answer: bots },
  // Usage figures of clients; those that send them name no type.
  { xmlns: "w:stats", child: "add", answer: (query) => reply(query) },
  { xmlns: "urn:xmpp:whatsapp:dirty", type: "set", child: "clean", answer: (query) => reply(query) },
  { xmlns: "w:m", type: "set", child: "media_conn", answer: mediaConnection },
  { xmlns: "w:sync:app:state", type: "set", child: "sync", answer: appState },
];
