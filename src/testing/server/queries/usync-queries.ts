/** `usync`: what the service knows about users, by the protocols a client asks for. */
import type { Account } from "../../network/account.js";
import { childOf, childrenOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import { reply, type Query, type QueryHandler } from "./query.js";

/** The part of a user's answer for each protocol; protocols not listed here are left out. */
const PROTOCOLS: Readonly<Record<string, (account: Account) => BinaryNode | undefined>> = {
  devices: (account) =>
    node("devices", {}, [
      node("device-list", {}, [
        node("device", { id: "0" }),
        ...account.devices.map((device) =>
          node("device", { id: String(device.number), "key-index": String(device.keyIndex) }),
        ),
      ]),
    ]),
  lid: (account) => node("lid", { val: account.lid }),
  disappearing_mode: ({ profile: { disappearing } }) =>
    node("disappearing_mode", {
      duration: String(disappearing.seconds),
      t: String(disappearing.setAt),
    }),
  status: ({ profile }) =>
    profile.hides("status")
      ? node("status", { code: "401" }, Buffer.alloc(0))
      : node("status", { t: String(profile.aboutSetAt) }, Buffer.from(profile.about)),
};

function usync(query: Query): void {
  const { child } = query;
  const asked = childrenOf(childOf(child, "query")).map((protocol) => protocol.tag);
  const users = childrenOf(childOf(child, "list"), "user").map((user) => answerFor(query, user, asked));
  const { sid, index = "0", last = "true" } = child?.attrs ?? {};
  const content = [
    node(
      "result",
      {},
      asked.map((tag) => node(tag)),
    ),
    node("list", {}, users),
  ];
  reply(query, [
    node("usync", { sid, index, last, mode: child?.attrs.mode, context: child?.attrs.context }, content),
  ]);
}

function answerFor({ network }: Query, user: BinaryNode, asked: readonly string[]): BinaryNode {
  const contact = textOf(childOf(user, "contact"));
  const address = user.attrs.jid ?? contact;
  const account = network.directory.find(address) ?? inOtherForm(network, user, contact);
  const parts: BinaryNode[] = [];
  if (asked.includes("contact")) {
    parts.push(node("contact", { type: account === undefined ? "out" : "in" }, contact));
  }
  if (account !== undefined) {
    for (const tag of asked) {
      const part = PROTOCOLS[tag]?.(account);
      if (part !== undefined) parts.push(part);
    }
  }
  return node(
    "user",
    { jid: user.attrs.jid ?? account?.jid ?? `${(contact ?? "").slice(1)}@s.whatsapp.net` },
    parts,
  );
}

/** Mobile numbers in Brazil have two forms, of which an account has one: the service knows it by both when it is asked for a number. */
function inOtherForm({ directory }: Query["network"], user: BinaryNode, contact = ""): Account | undefined {
  if (user.attrs.jid !== undefined) return undefined;
  const [, area, ninth, rest] = /^\+?55(\d\d)(9?)([6-9]\d{7})$/u.exec(contact) ?? [];
  if (area === undefined || rest === undefined) return undefined;
  return directory.find(`55${area}${ninth === "9" ? "" : "9"}${rest}`);
}

/** The rows for users. */
export const USYNC_QUERIES: readonly QueryHandler[] = [
  { xmlns: "usync", type: "get", child: "usync", answer: usync },
];
