/** Every query the emulator understands, in one table. */
import { ACCOUNT_QUERIES } from "./account-queries.js";
import { BUSINESS_QUERIES } from "./business-queries.js";
import { CONTACT_QUERIES } from "./contact-queries.js";
import { ENCRYPT_QUERIES } from "./encrypt-queries.js";
import { GROUP_QUERIES } from "./group-queries.js";
import { INVITE_QUERIES } from "./invite-queries.js";
import { MEMBERSHIP_QUERIES } from "./membership-queries.js";
import { MEX_QUERY } from "./mex-queries.js";
import { NEWSLETTER_QUERIES } from "./newsletter-queries.js";
import type { Query, QueryHandler } from "./query.js";
import { STREAM_QUERIES } from "./stream-queries.js";
import { USYNC_QUERIES } from "./usync-queries.js";

const HANDLERS: readonly QueryHandler[] = [
  ...STREAM_QUERIES,
  ...ENCRYPT_QUERIES,
  ...USYNC_QUERIES,
  ...ACCOUNT_QUERIES,
  ...CONTACT_QUERIES,
  ...BUSINESS_QUERIES,
  ...GROUP_QUERIES,
  ...INVITE_QUERIES,
  ...MEMBERSHIP_QUERIES,
  ...NEWSLETTER_QUERIES,
  MEX_QUERY,
];

/** Answers a query of a linked device; one that is not in the table is recorded and refused with error 501. */
export function answerQuery(query: Query): void {
  const { iq, child } = query;
  const { xmlns, type } = iq.attrs;
  const handler = HANDLERS.find(
    (candidate) =>
      candidate.xmlns === xmlns &&
      (candidate.type === undefined || candidate.type === type) &&
      (candidate.child === undefined || candidate.child === child?.tag),
  );
  if (handler === undefined) return query.connection.refuseUnknown(iq);
  handler.answer(query);
}
