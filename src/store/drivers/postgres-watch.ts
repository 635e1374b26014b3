/**
 * Notices a Postgres that takes a statement and answers nothing. The client's own time-out ends a statement also when its answer has
 * arrived, and the process stood still itself.
 */
import type { Socket } from "node:net";
import type { Pool } from "pg";
import { countDown, DeadlineError } from "../../async/deadline.js";

/** The part of a client of pg that its types don't know. */
interface Connected {
  readonly connection: { readonly stream: Socket };
}

/**
 * Ends the connection of a statement that is not answered for so long, in milliseconds; its call is rejected with the reason. Each
 * connection is taken from the pool for one statement.
 */
export function watchStatements(pool: Pool, silentMs: number): void {
  const stops = new Map<unknown, () => void>();
  pool.on("acquire", (client) => {
    const { stream } = (client as unknown as Connected).connection;
    const end = (): void => void stream.destroy(new DeadlineError("Postgres", silentMs));
    stops.set(client, countDown(silentMs, end));
  });
  pool.on("release", (_, client) => {
    stops.get(client)?.();
    stops.delete(client);
  });
}
