/** `waitFor`: until a session has a status, or can't get it without a command. */
import type { WaitOptions } from "../api/sessions-api.js";
import type { SessionStatus } from "../api/session-info.js";
import { ZpwootError } from "../errors.js";
import type { Session } from "../session/session.js";
import { isTerminal } from "../session/state.js";
import { notFound, type SessionRegistry } from "./session-registry.js";
import { present } from "./session-views.js";

/** See `SessionManager.waitFor`. */
export async function waitForStatus(
  registry: SessionRegistry,
  session: Session,
  status: SessionStatus,
  options: WaitOptions,
): Promise<void> {
  const stateBefore = session.state;
  await session.watch.until(() => {
    if (session.status === status) return true;
    if (registry.find(session.id) === undefined) throw notFound(session.id);
    registry.throwIfClosed();
    // It came to rest elsewhere since the wait began: nothing but a command will move it.
    if (session.state !== stateBefore && isTerminal(session.state) && !session.wantsOnline) {
      throw cameToRest(session, status);
    }
    return false;
  }, options);
}

function cameToRest(session: Session, status: SessionStatus): ZpwootError {
  const { detail } = present.status(session);
  const why = detail.reason === undefined ? detail.state : `${detail.state}, ${detail.reason}`;
  return new ZpwootError(
    "SESSION_NOT_CONNECTED",
    `The session came to rest instead of getting ${status} (${why})`,
  );
}
