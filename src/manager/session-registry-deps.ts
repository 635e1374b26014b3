/** What a registry of sessions is made with. */
import type { IdleReason } from "../api/session-detail.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import type { Cluster } from "../cluster/ports.js";
import type { ZpwootError } from "../errors.js";
import type { SessionServices } from "../session/services.js";
import type { SessionRecords } from "../store/sessions/session-records.js";
import type { Store } from "../store/store.js";

/** A running session, as far as the registry needs it. */
export interface RegisteredSession {
  readonly record: SessionRecord;
  /** Why it takes no command any more, if so: `SESSION_NOT_FOUND` once its deletion is durable. */
  readonly ended?: ZpwootError | undefined;
}

/** What a registry is made with. */
export interface SessionRegistryOptions<Session extends RegisteredSession> {
  readonly store: Store;
  readonly records: SessionRecords;
  /** Makes this process the one that runs the sessions. Called before anything is read. */
  readonly claim: () => Promise<void>;
  /** Set in a cluster: sessions come and go one by one, and each is stored with its node. */
  readonly shared?: Pick<Cluster, "creating" | "created"> | undefined;
  /** Makes the running session of a record. */
  readonly open: (record: SessionRecord, idle: IdleReason) => Session;
  /** Deletes what is left of a session whose deletion was interrupted by a crash. */
  readonly finishDeletion: (id: string) => Promise<void>;
  /** Called when all sessions are in memory, before a caller sees one. */
  readonly onLoaded: (ids: readonly string[]) => Promise<void>;
  readonly emit: SessionServices["emit"];
  readonly logger: Logger;
}
