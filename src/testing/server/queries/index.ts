/** Every query the service understands, in one table. */

import type { DeviceSession } from "../device-session.js";
import { childOf, type BinaryNode } from "../../wire/node.js";
import { accountQueries } from "./account-queries.js";
import { encryptQueries } from "./encrypt-queries.js";
import { groupQueries } from "./group-queries.js";
import type { QueryHandler } from "./query.js";
import { streamQueries } from "./stream-queries.js";
import { usyncQueries } from "./usync-queries.js";

const handlers: readonly QueryHandler[] = [
  ...streamQueries,
  ...encryptQueries,
  ...usyncQueries,
  ...accountQueries,
  ...groupQueries,
];

/** Answers a query of a linked device; one that is not in the table is recorded and refused with error 501. */
export function answerQuery(session: DeviceSession, iq: BinaryNode): void {
  const child = childOf(iq);
  const { xmlns, type } = iq.attrs;
  const handler = handlers.find(
    (candidate) =>
      candidate.xmlns === xmlns &&
      (candidate.type === undefined || candidate.type === type) &&
      (candidate.child === undefined || candidate.child === child?.tag),
  );
  if (handler === undefined) return session.service.unknown(session.connection, iq);
  handler.answer({ session, iq, child });
}
