/** What the publisher of events needs of the manager. */
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import type { SharedClock } from "../cluster/ports.js";
import type { ZpwootError } from "../errors.js";
import type { EventHub } from "../events/event-hub.js";
import type { Store } from "../store/store.js";
import type { SessionManagerOptions } from "./options.js";

/** A session, as far as the publisher needs it. */
export interface PublishingSession {
  readonly record: SessionRecord;
  /** Set once it is deleted, or the manager has stopped. */
  readonly ended?: ZpwootError | undefined;
  patch(change: Partial<SessionRecord>): Promise<void>;
}

/** What the publisher needs of the manager. */
export interface EventPublisherDeps {
  readonly options: SessionManagerOptions;
  readonly store: Store;
  readonly hub: EventHub;
  readonly logger: Logger;
  /** Set in a cluster: whence the ids of events have their time. */
  readonly clock?: SharedClock | undefined;
  session(sessionId: string): PublishingSession | undefined;
}
