/** Where an outbox is stored. */
import { familySpace, type KeySpace } from "../../store/space/key-space.js";
import type { Store } from "../../store/store.js";
import { DEFAULT_ENDPOINT } from "../endpoints.js";

/** The keys of an endpoint's outbox: the family `webhook` of the session's keys, or `webhook-<name>` for a further endpoint. */
export function outboxSpace(store: Store, sessionId: string, endpoint = DEFAULT_ENDPOINT): KeySpace {
  return familySpace(store, sessionId, endpoint === DEFAULT_ENDPOINT ? "webhook" : `webhook-${endpoint}`);
}
