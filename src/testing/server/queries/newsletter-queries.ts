/** Queries about newsletters, in the service's two ways to ask: as JSON (`mex`), and for posts as nodes. */
import type { Newsletter, StoredPost } from "../../network/newsletters.js";
import { childOf, node, type BinaryNode } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** Seconds for which a client is brought what happens to posts, when it asks for that. */
const LIVE_UPDATES_SECONDS = "300";
const MAX_FETCHED = 100;

/** The newsletter that a query is sent to; refuses the query when there is none. */
function asked(query: Query): Newsletter | undefined {
  const newsletter = query.network.newsletters.find(query.iq.attrs.to);
  if (newsletter === undefined) refuse(query, 404, "item-not-found");
  return newsletter;
}

function posts(query: Query): void {
  const newsletter = asked(query);
  if (newsletter === undefined) return;
  const { count = "", since, after } = query.child?.attrs ?? {};
  const found = newsletter.posts
    .filter(({ timestamp }) => since === undefined || timestamp >= Number(since))
    .filter(({ serverId }) => after === undefined || serverId > Number(after))
    .slice(-Math.min(Math.max(Number(count) || MAX_FETCHED, 1), MAX_FETCHED));
  reply(query, [
    node("message_updates", { jid: newsletter.jid }, [
      node("messages", { t: String(query.context.seconds) }, found.map(postNode)),
    ]),
  ]);
}

function postNode({ id, serverId, content, timestamp, reactions }: StoredPost): BinaryNode {
  const counts = new Map<string, number>();
  for (const code of reactions.values()) counts.set(code, (counts.get(code) ?? 0) + 1);
  const attrs = { id, server_id: String(serverId), t: String(timestamp), type: "text" };
  return node("message", attrs, [
    node("plaintext", {}, content),
    node(
      "reactions",
      {},
      [...counts].map(([code, count]) => node("reaction", { code, count: String(count) })),
    ),
  ]);
}

function liveUpdates(query: Query): void {
  if (asked(query) === undefined) return;
  reply(query, [
    node("live_updates", { duration: childOf(query.iq)?.attrs.duration ?? LIVE_UPDATES_SECONDS }),
  ]);
}

/** The rows for newsletters; `mex-queries` has those that are asked as JSON. */
export const NEWSLETTER_QUERIES: readonly QueryHandler[] = [
  { xmlns: "newsletter", type: "get", child: "message_updates", answer: posts },
  { xmlns: "newsletter", type: "set", child: "live_updates", answer: liveUpdates },
];
