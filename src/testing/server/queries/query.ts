/** One kind of query a linked device may send, and its answer. */

import type { DeviceSession } from "../device-session.js";
import { errorResult, result } from "../../network/service.js";
import type { BinaryNode, NodeContent } from "../../wire/node.js";

/** A query with what is needed to answer it. */
export interface Query {
  readonly session: DeviceSession;
  readonly iq: BinaryNode;
  /** The first child of the query, which says what it is about; undefined when it has none. */
  readonly child: BinaryNode | undefined;
}

/** One row of the table: what it matches, and the answer. */
export interface QueryHandler {
  readonly xmlns: string;
  /** `get` or `set`; both when left out. */
  readonly type?: "get" | "set";
  /** Tag of the first child; any when left out. */
  readonly child?: string;
  /** Answers; must send exactly one result or error. */
  answer(query: Query): void;
}

/** Sends the result of a query. */
export function reply({ session, iq }: Query, content?: NodeContent): void {
  session.connection.send(result(iq, content));
}

/** Refuses a query that breaks the protocol, and notes why. */
export function reject({ session, iq }: Query, problem: string): void {
  session.service.violation(session.connection, problem);
  session.connection.send(errorResult(iq, 406, "not-acceptable"));
}
