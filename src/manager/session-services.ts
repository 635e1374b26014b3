/** What every session of a manager is given: its options with the defaults filled in, and its access to the store. */
import type { UserFacingSocketConfig } from "whaileys";
import { loadAuthState } from "../auth/auth-state.js";
import { KeyCache } from "../auth/key-cache.js";
import { SentIndex } from "../auth/sent-index.js";
import { isLinkStored } from "../auth/stored-link.js";
import { wipeHalfLink } from "../auth/wipe.js";
import type { Logger } from "../api/logger.js";
import type { Tombstones } from "../backup/tombstones.js";
import { hasNoCredentials } from "../backup/wipe-judgement.js";
import type { MediaLimits } from "../egress/media-limits.js";
import type { SessionEgresses } from "../egress/proxy.js";
import { steadyNow } from "../async/timer.js";
import { ZpwootError } from "../errors.js";
import type { Ownership } from "../ownership/ownership.js";
import type { SessionServices } from "../session/services.js";
import type { SessionRecords } from "../store/sessions/session-records.js";
import { reachable, type Store } from "../store/store.js";
import { MessageAuthors } from "../whatsapp/authorship/message-authors.js";
import type { ClientVersion } from "../whatsapp/client-version.js";
import type { SessionCaches, SocketFactory } from "../whatsapp/library.js";
import { libraryLogger } from "../whatsapp/library-logger.js";
import { DEFAULTS, type SentMessagesOptions, type SessionManagerOptions } from "./options.js";
import {
  agentConfig,
  checksOf,
  libraryOf,
  socketConfig,
  timeoutsOf,
  versionConfig,
} from "./whatsapp-config.js";

/** The parts of a manager that its sessions use. */
export interface SessionServicesInput {
  readonly options: SessionManagerOptions;
  readonly versions: ClientVersion;
  readonly logger: Logger;
  readonly store: Store;
  readonly records: SessionRecords;
  readonly tombstones: Tombstones;
  /** All that was stored of a session is deleted. */
  readonly onRemoved?: ((sessionId: string) => void) | undefined;
  /** Deletes what is queued and kept of a session's events. */
  readonly forget: (sessionId: string) => Promise<void>;
  readonly emit: SessionServices["emit"];
  readonly emitWhatsApp: SessionServices["emitWhatsApp"];
  readonly onMessageAck: SessionServices["onMessageAck"];
  readonly egresses: SessionEgresses;
  readonly media: MediaLimits;
  readonly ownership: Ownership;
}

/** What every session is given. */
export function sessionServices(input: SessionServicesInput): SessionServices {
  const { options, versions, logger, store, egresses, media, ownership, emit, emitWhatsApp } = input;
  const { onMessageAck } = input;
  const library = libraryOf(options, media);
  const memory = new SessionMemories(options.sentMessages);
  const [shared, agents] = [socketConfig(options), agentConfig(media)];
  return {
    library,
    versions,
    emit,
    emitWhatsApp,
    onMessageAck,
    logger,
    egress: (sessionId) => egresses.of(sessionId),
    url: options.whatsapp?.url ?? DEFAULTS.url,
    // Not by spreads: such an object has a hidden class of its own, which takes more memory than itself (docs/performance.md).
    config: (sessionId, used) =>
      Object.assign(
        { logger: libraryLogger(logger, sessionId) },
        ...[shared, versionConfig(versions), agents(egresses.of(sessionId)), memory.caches(sessionId, used)],
      ) as Partial<UserFacingSocketConfig>,
    loadAuth: async (sessionId, { wasLinked, onFailure }) => {
      if (ownership.refusal !== undefined) throw ownership.refusal;
      return loadAuthState({
        store,
        sessionId,
        library: await library(),
        wasLinked,
        cache: memory.keys(sessionId),
        sentIndex: memory.sent(sessionId),
        onFailure,
        logger,
      });
    },
    isLinkStored: async (sessionId) => {
      if (ownership.refusal !== undefined) throw ownership.refusal;
      return isLinkStored(store, sessionId);
    },
    authors: (sessionId) => memory.authors(sessionId),
    forgetMemory: (sessionId) => memory.forget(sessionId),
    reachable: () => reachable(store),
    ownerId: ownership.ownerId,
    placeOf: (sessionId) => ownership.placeOf?.(sessionId),
    ownershipLost: async (sessionId) => !(await ownership.confirm(sessionId)),
    requireOwned: async (sessionId) => {
      await reachable(store);
      if (await ownership.confirm(sessionId)) return;
      throw ownership.refusal ?? new ZpwootError("STORE_IN_USE", "Another process runs the session");
    },
    ...storedSessions(input, memory),
    now: steadyNow,
    random: Math.random,
    ...boundsOf(options),
  };
}

type StoredSessions = Pick<
  SessionServices,
  "wipeHalfLink" | "wipeLink" | "hasNoCredentials" | "saveRecord" | "markDeleted" | "removeAll"
>;

/** The records of sessions, and how they are deleted. */
function storedSessions(input: SessionServicesInput, memory: SessionMemories): StoredSessions {
  const { store, records, tombstones, egresses, forget } = input;
  return {
    wipeHalfLink: (sessionId) => {
      memory.forget(sessionId);
      return wipeHalfLink(store, sessionId);
    },
    wipeLink: (sessionId, { record, ...wipe }) => {
      memory.forget(sessionId);
      const along = record === undefined ? undefined : records.updated(record);
      return tombstones.wipe(sessionId, { ...wipe, ...(along === undefined ? {} : { along }) });
    },
    hasNoCredentials: (sessionId) => hasNoCredentials(store, sessionId),
    saveRecord: (record, options) => records.update(record, options),
    markDeleted: (sessionId, { tombstone = true }) => records.markDeleted(sessionId, { erase: !tombstone }),
    removeAll: async (sessionId) => {
      memory.forget(sessionId);
      egresses.forget(sessionId);
      await forget(sessionId);
      await tombstones.wipe(sessionId, { cause: "delete", tombstone: !records.erases(sessionId) });
      await records.remove(sessionId);
      input.onRemoved?.(sessionId);
    },
  };
}

type Bounds = Pick<
  SessionServices,
  | "timeouts"
  | "deafTimeoutMs"
  | "backoff"
  | "stableAfterMs"
  | "maxAttempts"
  | "linking"
  | "checks"
  | "qrStyle"
>;

/** The options of sessions, with every default in place. */
function boundsOf(options: SessionManagerOptions): Bounds {
  const { reconnect = {}, whatsapp = {} } = options;
  return {
    timeouts: timeoutsOf(options),
    deafTimeoutMs: whatsapp.deafTimeoutMs ?? DEFAULTS.deafTimeoutMs,
    backoff: {
      firstDelayMs: reconnect.firstDelayMs ?? DEFAULTS.firstDelayMs,
      maxDelayMs: reconnect.maxDelayMs ?? DEFAULTS.maxDelayMs,
    },
    stableAfterMs: reconnect.stableAfterMs ?? DEFAULTS.stableAfterMs,
    maxAttempts: reconnect.maxAttempts ?? null,
    linking: {
      maxQrs: whatsapp.linking?.maxQrs ?? Infinity,
      timeoutMs: whatsapp.linking?.timeoutMs ?? Infinity,
    },
    checks: checksOf(options),
    qrStyle: {
      format: whatsapp.qrFormat ?? DEFAULTS.qrFormat,
      browser: whatsapp.browser ?? DEFAULTS.browser,
    },
  };
}

/** What one session keeps in memory over its reconnects. */
interface SessionMemory {
  /** Made when the library is known. */
  caches: SessionCaches | undefined;
  readonly keys: KeyCache;
  readonly sent: SentIndex;
  readonly authors: MessageAuthors;
}

/** What sessions keep in memory over their reconnects. */
class SessionMemories {
  readonly #memories = new Map<string, SessionMemory>();
  readonly #sentLimits: SentMessagesOptions | undefined;

  constructor(sentLimits: SentMessagesOptions | undefined) {
    this.#sentLimits = sentLimits;
  }

  /** The socket caches of a session. */
  caches(sessionId: string, library: SocketFactory): SessionCaches {
    return (this.#of(sessionId).caches ??= library.makeCaches?.() ?? {});
  }

  /** The Signal keys of a session that were read from the store. */
  keys(sessionId: string): KeyCache {
    return this.#of(sessionId).keys;
  }

  /** Which messages that a session has sent are kept. */
  sent(sessionId: string): SentIndex {
    return this.#of(sessionId).sent;
  }

  /** Who wrote a session's last messages. */
  authors(sessionId: string): MessageAuthors {
    return this.#of(sessionId).authors;
  }

  /** Drops everything of a session: what is stored has changed or is deleted. */
  forget(sessionId: string): void {
    this.#memories.delete(sessionId);
  }

  #of(sessionId: string): SessionMemory {
    const memory = this.#memories.get(sessionId) ?? {
      caches: undefined,
      keys: new KeyCache(),
      authors: new MessageAuthors(),
      sent: new SentIndex(this.#sentLimits),
    };
    this.#memories.set(sessionId, memory);
    return memory;
  }
}
