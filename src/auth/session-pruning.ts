/**
 * Keeps Signal sessions small. libsignal never drops a receiving chain: each turn of a conversation adds about a hundred bytes to
 * the session's record, and every message writes the whole record. Signal's own implementations keep five chains per session.
 * Here a chain is dropped when it is closed, holds no key for a late message, and is not among the last five: such a chain can't
 * decrypt anything.
 */

/** Closed, empty receiving chains that are kept: as many as Signal keeps. */
const KEPT_CHAINS = 5;
/** `chainType` of a receiving chain. */
const RECEIVING = 2;

interface Chain {
  readonly chainKey?: { readonly key?: unknown };
  readonly chainType?: unknown;
  readonly messageKeys?: Readonly<Record<string, unknown>>;
}

interface SerializedSession {
  readonly _chains?: Readonly<Record<string, Chain>>;
}

/** A session record, as libsignal serialises it, without spent chains. Returns a value of any other form as it is. */
export function prunedSession(record: unknown): unknown {
  const sessions = (record as { readonly _sessions?: unknown } | null)?._sessions;
  if (typeof sessions !== "object" || sessions === null) return record;
  const entries = Object.entries(sessions as Readonly<Record<string, SerializedSession>>);
  const pruned = entries.map(([key, session]) => [key, withoutSpentChains(session)] as const);
  if (pruned.every(([, session], at) => session === entries[at]?.[1])) return record;
  return { ...(record as object), _sessions: Object.fromEntries(pruned) };
}

function withoutSpentChains(session: SerializedSession): SerializedSession {
  const { _chains: chains } = session;
  if (typeof chains !== "object" || chains === null) return session;
  // In the order in which the chains were started.
  const spent = Object.entries(chains).filter(([, chain]) => isSpent(chain));
  if (spent.length <= KEPT_CHAINS) return session;
  const dropped = new Set(spent.slice(0, -KEPT_CHAINS).map(([key]) => key));
  const kept = Object.entries(chains).filter(([key]) => !dropped.has(key));
  return { ...session, _chains: Object.fromEntries(kept) };
}

function isSpent({ chainType, chainKey, messageKeys = {} }: Chain): boolean {
  const closed = chainKey !== undefined && chainKey.key === undefined;
  return chainType === RECEIVING && closed && Object.keys(messageKeys).length === 0;
}
