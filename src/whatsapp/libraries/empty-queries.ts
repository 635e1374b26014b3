/**
 * Spares whaileys a question to WhatsApp with each message. It asks for the devices of those that it does not know, and when it knows all of
 * them, it asks for the devices of nobody and waits for the answer.
 */
import type { BinaryNode } from "whaileys";
import { currentFanOut } from "../fan-out.js";

type Query = (node: BinaryNode, timeoutMs?: number) => Promise<BinaryNode>;

/** The part of `whaileys/lib/Socket/groups` that is patched: the socket on which the one that sends messages is built. */
export interface GroupsModule {
  makeGroupsSocket: (...args: never[]) => { readonly query: Query };
}

const patched = Symbol.for("zpwoot.empty-queries");

/** What WhatsApp answers when it is asked about nobody, as far as whaileys reads it. */
const NOBODY: BinaryNode = { tag: "iq", attrs: { type: "result" }, content: [] };

/** Patches the loaded module. Messages that the host sends on sockets of its own are not changed. Does nothing the second time. */
export function spareEmptyQueries(module: GroupsModule & { [patched]?: true }): void {
  if (module[patched] === true) return;
  const make = module.makeGroupsSocket;
  module.makeGroupsSocket = (...args) => {
    const socket = make(...args);
    const query: Query = (node, timeoutMs) =>
      currentFanOut() !== undefined && asksAboutNobody(node)
        ? Promise.resolve(NOBODY)
        : socket.query(node, timeoutMs);
    return { ...socket, query };
  };
  Object.defineProperty(module, patched, { value: true });
}

function asksAboutNobody(node: BinaryNode): boolean {
  if (node.attrs["xmlns"] !== "usync") return false;
  const list = childOf(childOf(node, "usync"), "list");
  return Array.isArray(list?.content) && list.content.length === 0;
}

function childOf(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return Array.isArray(node?.content) ? node.content.find((child) => child.tag === tag) : undefined;
}
