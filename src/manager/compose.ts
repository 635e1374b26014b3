/** The wiring of a manager: everything is made and connected here, and nowhere else. */
import type { Logger } from "../api/logger.js";
import { inTime } from "../async/command-deadline.js";
import { waitFor } from "../async/deadline.js";
import { steadyNow } from "../async/timer.js";
import { Backups } from "../backup/backups.js";
import { Tombstones } from "../backup/tombstones.js";
import { Caller } from "../calls/caller.js";
import { Chats } from "../calls/chats.js";
import { Contacts } from "../calls/contacts.js";
import type { Cluster, ClusterHost } from "../cluster/ports.js";
import { Groups } from "../calls/groups.js";
import { SessionEgresses } from "../egress/proxy.js";
import { EventHub } from "../events/event-hub.js";
import { Messages } from "../messages/messages.js";
import type { SessionServices } from "../session/services.js";
import { Session } from "../session/session.js";
import type { Ownership } from "../ownership/ownership.js";
import { ProcessOwnership } from "../ownership/process-ownership.js";
import { observedStore } from "../store/observed-store.js";
import { openStore } from "../store/open-store.js";
import { SessionRecords } from "../store/sessions/session-records.js";
import type { Store } from "../store/store.js";
import { ClientVersion } from "../whatsapp/client-version.js";
import { ApiKeys } from "./api-keys.js";
import { ClusterEvents } from "./cluster-events.js";
import { clientVersionStore } from "./client-version-store.js";
import { loggerOf } from "./default-logger.js";
import { EventPublisher } from "./event-publisher.js";
import { MediaDownloads } from "./media.js";
import { lateSessions, NodeSessions } from "./node-sessions.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";
import { ownershipListener, type OwnershipListenerParts } from "./ownership-listener.js";
import { SessionRegistry } from "./session-registry.js";
import { sessionServices } from "./session-services.js";
import { messageLimits } from "./message-limits.js";
import { mediaHostOf, mediaLimits, versionOptions } from "./whatsapp-config.js";

/** The parts of a manager. */
export interface ManagerParts {
  readonly logger: Logger;
  readonly store: Store;
  readonly ownership: Ownership;
  /** Set by the option `cluster`: it is the ownership, too. */
  readonly cluster: Cluster | undefined;
  /** The sessions of this node of a cluster. */
  readonly nodeSessions: NodeSessions;
  /** The events of all nodes; with the option `cluster`. */
  readonly clusterEvents: ClusterEvents | undefined;
  readonly hub: EventHub;
  readonly publisher: EventPublisher;
  readonly registry: SessionRegistry<Session>;
  readonly records: SessionRecords;
  readonly services: SessionServices;
  readonly egresses: SessionEgresses;
  readonly media: MediaDownloads;
  readonly messages: Messages;
  readonly backups: Backups;
  readonly apiKeys: ApiKeys;
  readonly groups: Groups;
  readonly contacts: Contacts;
  readonly chats: Chats;
}

/** How a manager ends, and is ended. */
export interface ManagerHooks
  extends Pick<OwnershipListenerParts, "signal" | "stop">, Pick<ClusterHost, "call"> {}

/**
 * Makes the parts of a manager from its options; touches neither store nor network.
 * @throws ZpwootError `INVALID_OPTION`.
 */
export function compose(options: SessionManagerOptions, hooks: ManagerHooks): ManagerParts {
  const logger = loggerOf(options.logger);
  const hub = new EventHub(logger);
  const store = composeStore(options, { logger, hub });
  const records = new SessionRecords(store, { logger });
  const listener = ownershipListener({ ...hooks, registry: () => registry, hub, logger });
  const cluster: Cluster | undefined = options.cluster?.open({
    ...{ store, logger, listener, signal: hooks.signal, call: hooks.call },
    storeUrl: typeof options.store === "string" ? options.store : undefined,
    sessions: lateSessions(() => nodeSessions),
    announce: async () => clusterEvents?.announce(),
  });
  const ownership: Ownership = cluster ?? new ProcessOwnership({ store, logger, listener });
  // Sessions, registry and publisher need each other. Each is handed functions, which are called when all are there.
  const registry: SessionRegistry<Session> = new SessionRegistry({
    store,
    records,
    claim: () => ownership.claim({ wait: false, signal: hooks.signal }),
    shared: cluster,
    open: (record, idle) => new Session(record, services, idle),
    finishDeletion: (id) => services.removeAll(id),
    onLoaded: async (ids) => {
      if (cluster !== undefined) publisher.begin();
      await Promise.all([publisher.resume(ids), services.versions.load()]);
    },
    emit: (name, event) => publisher.emit(name, event),
    logger,
  });
  const publisher: EventPublisher = new EventPublisher({
    options,
    store,
    hub,
    logger,
    clock: cluster?.clock,
    session: (id) => registry.find(id),
  });
  const mediaHost = mediaHostOf(options);
  const egresses = new SessionEgresses({
    proxy: (id) => registry.find(id)?.record.proxy ?? null,
    allowPrivate: options.whatsapp?.allowPrivateProxies ?? DEFAULTS.allowPrivateProxies,
    mediaHost,
    logger,
  });
  const media = mediaLimits(options, { signal: egresses.ending, host: mediaHost });
  const tombstones = new Tombstones({ ...options.tombstones, store, logger });
  const services: SessionServices = sessionServices({
    options,
    media,
    versions: composeVersions(options, { logger, store, registry }),
    logger,
    store,
    records,
    tombstones,
    onRemoved: cluster && ((id) => cluster.removed(id)),
    forget: async (id) => {
      await messages.forget(id);
      await publisher.forget(id);
    },
    emit: (name, event) => {
      publisher.emit(name, event);
      messages.onEvent(name, event);
    },
    emitWhatsApp: (sessionId, event, along) => {
      messages.onWhatsApp(sessionId, event);
      return publisher.emitWhatsApp(sessionId, event, along);
    },
    onMessageAck: (sessionId, ack) => messages.onAck(sessionId, ack),
    egresses,
    ownership,
  });
  const messages = new Messages({
    ...{ store, logger, limits: messageLimits(options), emit: publisher.emit },
    library: services.library,
    session: (id) => registry.find(id),
    now: Date.now,
    steadyNow,
    random: Math.random,
    sleep: async (ms, signal) => void (await waitFor(new Promise(() => {}), { timeoutMs: ms, signal })),
  });
  const nodeSessions = new NodeSessions({
    ...{ store, records, registry, publisher, messages, egresses, services, logger, signal: hooks.signal },
    concurrency: options.restore?.concurrency ?? DEFAULTS.restoreConcurrency,
  });
  const clusterEvents: ClusterEvents | undefined =
    cluster && new ClusterEvents({ cluster, publisher, hub, logger, ending: hooks.signal });
  const backups = new Backups({
    store,
    records: () => registry.all().map(({ record }) => record),
    snapshots: options.snapshots,
    tombstones,
    logger,
  });
  const caller = new Caller({
    session: (id) => inTime("reading the sessions", () => registry.get(id)),
    ending: hooks.signal,
  });
  return {
    logger,
    store,
    ownership,
    cluster,
    nodeSessions,
    clusterEvents,
    hub,
    publisher,
    registry,
    records,
    services,
    egresses,
    media: new MediaDownloads({ egresses, limits: media }),
    messages,
    backups,
    apiKeys: new ApiKeys(store, logger),
    groups: new Groups(caller),
    contacts: new Contacts(caller),
    chats: new Chats(caller),
  };
}

function composeStore(
  options: SessionManagerOptions,
  { logger, hub }: Pick<ManagerParts, "logger" | "hub">,
): Store {
  const { encryptionKeys } = options;
  const store = openStore(options.store ?? DEFAULTS.store, { logger, encryptionKeys });
  return observedStore(store, (operation) => {
    if (hub.hasListener("store.operation")) hub.emit("store.operation", operation);
  });
}

function composeVersions(
  options: SessionManagerOptions,
  { logger, store, registry }: Pick<ManagerParts, "logger" | "store" | "registry">,
): ClientVersion {
  return new ClientVersion({
    ...versionOptions(options),
    store: clientVersionStore(store, logger),
    logger,
    now: steadyNow,
    onReopened: () => registry.all().forEach((session) => session.retryNow()),
  });
}
