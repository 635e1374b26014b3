/** Answers before the answer (100, 102, 103): a server may send them for ever. */
import type { ClientRequest } from "node:http";

/** Each costs time, and they count as traffic. */
const MAX_INTERIM = 20;

/** Calls `fail` when the other side says more than a few times that its answer is to come. */
export function boundInterim(request: ClientRequest, fail: (error: Error) => void): void {
  let count = 0;
  const onInterim = (): void => {
    count += 1;
    if (count > MAX_INTERIM) fail(new Error(`The other side sent more than ${MAX_INTERIM} interim answers`));
  };
  request.on("information", onInterim);
  request.on("continue", onInterim);
}
