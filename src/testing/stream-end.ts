/** The stanzas by which the service ends a stream. */

import type { FailureSpec } from "./faults.js";
import { node, type BinaryNode } from "./wire/node.js";

/** Refusal at login. */
export function failureStanza(failure: FailureSpec): BinaryNode {
  const attributes = Object.entries(failure).map(([name, value]) => [
    name,
    value === undefined ? undefined : String(value),
  ]);
  return node("failure", Object.fromEntries(attributes) as Record<string, string | undefined>);
}

/**
 * End of a running stream. 440 is how clients report a conflict, which carries no code on the wire; a text becomes a
 * child of that name.
 */
export function streamErrorStanza(error: number | "xml-not-well-formed"): BinaryNode {
  if (typeof error === "string") return node("stream:error", {}, [node(error)]);
  if (error === 440) return node("stream:error", {}, [node("conflict", { type: "replaced" })]);
  if (error === 401) {
    return node("stream:error", { code: "401" }, [node("conflict", { type: "device_removed" })]);
  }
  return node("stream:error", { code: String(error) });
}
