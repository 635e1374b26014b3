/** The stanzas with which the service ends a stream. */
import type { FailureSpec, StreamErrorSpec } from "../context/fault-actions.js";
import { node, type BinaryNode } from "../wire/node.js";

/** A refusal at login. */
export function failureStanza(failure: FailureSpec): BinaryNode {
  const attributes = Object.entries(failure).map(([name, value]): [string, string | undefined] => [
    name,
    value === undefined ? undefined : String(value),
  ]);
  return node("failure", Object.fromEntries(attributes));
}

/** The numbers with a special shape on the wire; 440 is how clients report a conflict without a number. */
const SHAPES: Readonly<Record<number, StreamErrorSpec>> = {
  401: { code: 401, child: "conflict", type: "device_removed" },
  440: { child: "conflict", type: "replaced" },
};

/** The end of a running stream. */
export function streamErrorStanza(error: number | StreamErrorSpec): BinaryNode {
  const { code, child, type } = typeof error === "number" ? (SHAPES[error] ?? { code: error }) : error;
  const attrs = { code: code === undefined ? undefined : String(code) };
  return node("stream:error", attrs, child === undefined ? undefined : [node(child, { type })]);
}
