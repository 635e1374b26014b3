/** What calls and writes reject with that a node may not make any more. */
import { ZpwootError } from "../errors.js";
import type { Store } from "../store/store.js";

/** Another node runs the session. */
export function movedOn(): ZpwootError {
  return new ZpwootError("STORE_IN_USE", "Another node of the cluster runs the session");
}

/** The manager has stopped. */
export function stopped(): ZpwootError {
  return new ZpwootError("STOPPED", "The session manager was stopped");
}

/** The store has not confirmed in time that the node is alive. */
export function unconfirmed(store: string): ZpwootError {
  return new ZpwootError(
    "STORE_UNAVAILABLE",
    `The store ${store} has not confirmed for too long that this node is alive: its connections are closed until it does, since other ` +
      "nodes may take its sessions now",
  );
}

/** The others have given the node up. */
export function givenUp(store: string): ZpwootError {
  return new ZpwootError(
    "STORE_IN_USE",
    `The other nodes have given this one up: it did not reach the store ${store} in time, and has closed its connections. It joins again ` +
      "by itself",
  );
}

/** A call asks for what the cluster can't do. */
export function invalid(sentence: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}

/**
 * Checks that nodes can share a store: one whose server refuses what a node of before writes.
 * @throws ZpwootError `INVALID_OPTION`.
 */
export function requireShareable({ fences, description }: Pick<Store, "fences" | "description">): void {
  if (fences && /^(postgres|redis)/.test(description)) return;
  const sentence =
    `cluster: the store ${description} can't be shared by nodes; use "postgres://…" or "redis://…", whose server refuses what a node of ` +
    "before writes";
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
