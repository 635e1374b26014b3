/** Answers to queries: the stanzas of tag `iq`. */
import { SERVICE_JID } from "./jid.js";
import { node, type BinaryNode, type NodeContent } from "./node.js";

/** The result of a query. */
export function resultOf(
  query: BinaryNode,
  content?: NodeContent,
  attrs: Record<string, string> = {},
): BinaryNode {
  return node("iq", { from: SERVICE_JID, id: query.attrs.id, type: "result", ...attrs }, content);
}

/** The refusal of a query, with a code as HTTP has them. */
export function errorOf(query: BinaryNode, code: number, text: string): BinaryNode {
  const error = node("error", { code: String(code), text });
  return node("iq", { from: SERVICE_JID, id: query.attrs.id, type: "error" }, [error]);
}
