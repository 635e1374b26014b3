/** Queries about people: whom an account has blocked, profile pictures and about texts. */
import type { Account } from "../../network/account.js";
import type { Group } from "../../network/group.js";
import { changePicture } from "../../network/pictures.js";
import { SERVICE_JID } from "../../wire/jid.js";
import { bytesOf, childOf, node, textOf } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** Longest about text, in characters. */
const MAX_ABOUT_LENGTH = 139;

function blocklist(query: Query): void {
  const items = [...query.account.blocked].map(({ jid, lid }) => node("item", { jid: lid, pn_jid: jid }));
  reply(query, [node("list", { dhash: String(items.length) }, items)]);
}

function block(query: Query): void {
  const { account, device, iq, network } = query;
  const { action, jid, pn_jid: phoneJid } = childOf(iq, "item")?.attrs ?? {};
  const other = network.directory.find(phoneJid ?? jid);
  if (other === undefined) return refuse(query, 404, "item-not-found");
  if (action === "block") account.blocked.add(other);
  else if (action === "unblock") account.blocked.delete(other);
  else return refuse(query, 400, "bad-request");
  blocklist(query);
  const change = node("blocklist", {}, [node("item", { action, jid: other.jid })]);
  for (const companion of account.devices.filter((one) => one !== device))
    network.router.notify(companion, { from: SERVICE_JID, type: "account_sync" }, change);
}

function picture(query: Query): void {
  const { account, child, context, iq, network } = query;
  const { target } = iq.attrs;
  const group = network.groups.find(target);
  const owner = group ?? (target === undefined ? account : network.directory.find(target));
  if (owner === undefined) return refuse(query, 404, "item-not-found");
  const isHidden =
    "profile" in owner &&
    (owner.profile.hides("profile") || context.behaviour.privateAccounts.includes(owner.jid));
  if (owner !== account && isHidden) return refuse(query, 401, "not-authorized");
  const shown = "profile" in owner ? owner.profile.picture : owner.picture;
  if (shown === undefined) return refuse(query, 404, "item-not-found");
  const { type = "preview" } = child?.attrs ?? {};
  // The query says which size it is of, as on the real service; here all are the same.
  const path = `${shown.path}&stp=${type === "image" ? "image" : "preview"}`;
  const url = `${network.media.origin}${path}`;
  reply(query, [node("picture", { id: shown.id, type, url, direct_path: path })]);
}

function setPicture(query: Query): void {
  const { account, child, iq, network } = query;
  const { target } = iq.attrs;
  const group = network.groups.find(target);
  if (target !== undefined && network.directory.find(target) !== account) {
    if (group === undefined) return refuse(query, 404, "item-not-found");
    if (!mayChange(group, account)) return refuse(query, 403, "forbidden");
  }
  const bytes = bytesOf(child);
  const id = changePicture(network, group ?? account, account, bytes?.length === 0 ? undefined : bytes);
  reply(query, id === undefined ? undefined : [node("picture", { id })]);
}

function mayChange(group: Group, account: Account): boolean {
  return group.has(account) && (!group.locked || group.role(account) !== "member");
}

function setAbout(query: Query): void {
  const text = textOf(query.child) ?? "";
  if (text.length > MAX_ABOUT_LENGTH) return refuse(query, 406, "not-acceptable");
  Object.assign(query.account.profile, { about: text, aboutSetAt: query.context.seconds });
  reply(query);
}

/** The rows for people. */
export const CONTACT_QUERIES: readonly QueryHandler[] = [
  { xmlns: "blocklist", type: "get", answer: blocklist },
  { xmlns: "blocklist", type: "set", answer: block },
  { xmlns: "w:profile:picture", type: "get", child: "picture", answer: picture },
  { xmlns: "w:profile:picture", type: "set", answer: setPicture },
  { xmlns: "status", type: "set", child: "status", answer: setAbout },
];
