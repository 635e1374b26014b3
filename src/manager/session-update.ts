/** `update`: a change of webhooks and proxy, stored and put in force. */
import type { UpdatedSession, UpdateSessionInput } from "../api/session-info.js";
import type { Session } from "../session/session.js";
import { reachable } from "../store/store.js";
import { DEFAULT_ENDPOINT } from "../webhooks/index.js";
import type { ManagerParts } from "./compose.js";
import { present } from "./session-views.js";

/** See `SessionManager.update`. The change was checked. */
export async function updateSession(
  { store, publisher, egresses, logger }: Pick<ManagerParts, "store" | "publisher" | "egresses" | "logger">,
  session: Session,
  change: UpdateSessionInput,
): Promise<UpdatedSession> {
  if (Object.keys(change).length === 0) return present.info(session);
  if (change.proxy) egresses.check(change.proxy);
  const { proxy } = change;
  const { secrets, isMoved } = await session.inOrder(async () => {
    await reachable(store);
    const made = await publisher.update(session, change);
    const differs = proxy !== undefined && JSON.stringify(proxy) !== JSON.stringify(session.record.proxy);
    if (differs) await session.patch({ proxy });
    return { secrets: made, isMoved: differs };
  });
  // Not in its turn: a later change ends the wait for a proxy that hangs.
  if (isMoved) await session.useProxy();
  // Ends the connections through the old one, also of a session that is offline.
  egresses.of(session.id);
  // The names of what changed: the values may hold secrets.
  logger.info({ sessionId: session.id, changed: Object.keys(change) }, "Session updated");
  publisher.emit("session.updated", { sessionId: session.id });
  const { [DEFAULT_ENDPOINT]: webhookSecret, ...endpointSecrets } = secrets;
  return {
    ...present.info(session),
    ...(webhookSecret === undefined ? {} : { webhookSecret }),
    ...(Object.keys(endpointSecrets).length === 0 ? {} : { endpointSecrets }),
  };
}
