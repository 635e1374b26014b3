/** Queries about other people: whom an account has blocked, and profile pictures. */
import { childOf, node } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

function blocklist(query: Query): void {
  const items = [...query.account.blocked].map(({ jid, lid }) => node("item", { jid: lid, pn_jid: jid }));
  reply(query, [node("list", { dhash: String(items.length) }, items)]);
}

function block(query: Query): void {
  const { account, iq, network } = query;
  const { action, jid, pn_jid: phoneJid } = childOf(iq, "item")?.attrs ?? {};
  const other = network.directory.find(phoneJid ?? jid);
  if (other === undefined) return refuse(query, 404, "item-not-found");
  if (action === "block") account.blocked.add(other);
  else account.blocked.delete(other);
  blocklist(query);
}

function picture(query: Query): void {
  const { account, child, context, iq, network } = query;
  const owner = network.directory.find(iq.attrs.target);
  if (owner === undefined) return refuse(query, 404, "item-not-found");
  if (owner !== account && context.behaviour.privateAccounts.includes(owner.jid))
    return refuse(query, 401, "not-authorized");
  const { pictureId: id } = owner;
  if (id === undefined) return refuse(query, 404, "item-not-found");
  const { type = "preview" } = child?.attrs ?? {};
  const path = `/v/t61.24694-24/${owner.lidUser}_${id}_${type}.jpg`;
  reply(query, [node("picture", { id, type, url: `https://pps.whatsapp.net${path}`, direct_path: path })]);
}

/** The rows for other people. */
export const CONTACT_QUERIES: readonly QueryHandler[] = [
  { xmlns: "blocklist", type: "get", answer: blocklist },
  { xmlns: "blocklist", type: "set", answer: block },
  { xmlns: "w:profile:picture", type: "get", child: "picture", answer: picture },
];
