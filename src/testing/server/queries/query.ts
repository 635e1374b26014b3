/** One kind of query that a linked device may send, and its answer. */
import type { EmulatorContext } from "../../context/emulator-context.js";
import type { LinkedDevice } from "../../network/account.js";
import type { Network } from "../../network/network.js";
import { errorOf, resultOf } from "../../wire/iq.js";
import type { BinaryNode, NodeContent } from "../../wire/node.js";
import type { Connection } from "../connection.js";

/** A query with everything its answer may need. */
export interface Query extends LinkedDevice {
  readonly connection: Connection;
  readonly network: Network;
  readonly context: EmulatorContext;
  readonly iq: BinaryNode;
  /** The first child, which says what the query is about; undefined when it has none. */
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
export function reply({ connection, iq }: Query, content?: NodeContent): void {
  connection.send(resultOf(iq, content));
}

/** Refuses a query. */
export function refuse({ connection, iq }: Query, code: number, text: string): void {
  connection.send(errorOf(iq, code, text));
}

/** Refuses a query that breaks the protocol, and reports the violation. */
export function reject(query: Query, problem: string): void {
  query.connection.reportViolation(problem);
  refuse(query, 406, "not-acceptable");
}
