/** What calls for sessions of other nodes reject with. */
import { ZpwootError } from "../../errors.js";

const AGAIN = "Try again in some seconds";

/** No node that is alive runs the session. */
export function noNode(): ZpwootError {
  return unavailable(`No node of the cluster runs the session at the moment; nothing was done. ${AGAIN}`);
}

/** The node does not get messages, or does not run the session. */
export function unreached(
  node: string,
  bus: { readonly up: boolean; readonly description: string },
): ZpwootError {
  const why = bus.up ? "" : `: the bus ${bus.description} does not answer`;
  return unavailable(
    `The node "${node}" that runs the session was not reached${why}; nothing was done. ${AGAIN}`,
  );
}

/** The node got the call, perhaps, and says nothing. */
export function silent(node: string, method: string, maybe: boolean): ZpwootError {
  const done = maybe ? "; what was asked for may or may not have been done" : "";
  return unavailable(`${method}: the node "${node}" does not answer${done}. ${AGAIN}`);
}

/** The session left its node while that worked on the call. */
export function movedMeanwhile(method: string): ZpwootError {
  return unavailable(
    `${method}: the session moved to another node meanwhile; what was asked for may or may not have been done. ${AGAIN}`,
  );
}

/** The node does not know the method. */
export function older(method: string, node: string): ZpwootError {
  return unavailable(
    `${method}: the node "${node}" that runs the session has an older version of zpwoot, which can't do that. Update it, or drain it`,
  );
}

/** The deadline is over. */
export function timedOut(method: string): ZpwootError {
  return new ZpwootError(
    "TIMEOUT",
    `${method} did not finish in time. It goes on: see the status of the session`,
  );
}

/** The caller's signal fired, and the node did not say how it ended. */
export function aborted(method: string): ZpwootError {
  return new ZpwootError("ABORTED", `${method}: the call was aborted`);
}

function unavailable(text: string): ZpwootError {
  return new ZpwootError("NODE_UNAVAILABLE", text);
}
