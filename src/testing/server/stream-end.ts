/** The stanzas by which the service ends a stream. */

import type { FailureSpec } from "../context/faults.js";
import { node, type BinaryNode } from "../wire/node.js";

/** The shape of a `<stream:error>`. */
export interface StreamErrorSpec {
  /** Its number, when it has one. */
  readonly code?: number;
  /** Tag of its child: `conflict`, `xml-not-well-formed`, `ack`, … */
  readonly child?: string;
  /** `type` of the child: `device_removed`, `replaced`. */
  readonly type?: string;
}

/** Refusal at login. */
export function failureStanza(failure: FailureSpec): BinaryNode {
  const attributes = Object.entries(failure).map(([name, value]) => [
    name,
    value === undefined ? undefined : String(value),
  ]);
  return node("failure", Object.fromEntries(attributes) as Record<string, string | undefined>);
}

/** What the numbers with a shape of their own look like on the wire; 440 is how clients report a conflict without a number. */
const shapes: Readonly<Record<number, StreamErrorSpec>> = {
  401: { code: 401, child: "conflict", type: "device_removed" },
  440: { child: "conflict", type: "replaced" },
};

/** End of a running stream. */
export function streamErrorStanza(error: number | StreamErrorSpec): BinaryNode {
  const { code, child, type } = typeof error === "number" ? (shapes[error] ?? { code: error }) : error;
  const attrs = { code: code === undefined ? undefined : String(code) };
  return node("stream:error", attrs, child === undefined ? undefined : [node(child, { type })]);
}
