/** Reads the history of a cluster and says what was wrong. Knows nothing of the product but what it promises. */
import { HARNESS, type EndState, type Entry } from "./history.js";

/** The promises, as rows of the table. */
export const RULES = [
  "two sockets",
  "socket without right",
  "stale write",
  "epoch",
  "session lost",
  "message lost",
  "sent twice",
  "webhook lost",
  "unreadable",
  "events",
] as const;

/** One of them. */
export type Rule = (typeof RULES)[number];

/** A promise that was broken. */
export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** What the clocks of several programs of one machine, and what is between them, may make of the order of two facts, in milliseconds. */
const ORDER_MS = 250;

/** How long a process that wakes may take to look at its clock, on two cores: the connections that it has are replaced until then. */
const WAKE_MS = 1_000;

type Of<Kind extends Entry["kind"]> = Extract<Entry, { readonly kind: Kind }>;

const all = <Kind extends Entry["kind"]>(entries: readonly Entry[], kind: Kind): readonly Of<Kind>[] =>
  entries.filter((entry): entry is Of<Kind> => entry.kind === kind);

/** Everything that a history and what is left say against the promises. */
export function violations(entries: readonly Entry[], end: EndState): readonly Violation[] {
  const of = (rule: Rule, texts: readonly string[]): readonly Violation[] =>
    texts.map((text) => ({ rule, text }));
  return [
    ...of("two sockets", twoSockets(entries)),
    ...of("socket without right", strangers(entries)),
    ...of("stale write", staleWrites(entries)),
    ...of("epoch", epochs(entries)),
    ...of("session lost", lostSessions(entries, end)),
    ...of("message lost", [...lostOnTheWayIn(entries), ...lostOnTheWayOut(entries)]),
    ...of("sent twice", sentTwice(entries)),
    ...of("webhook lost", lostWebhooks(entries, end)),
    ...of(
      "unreadable",
      all(entries, "unreadable").map(({ who, why }) => `${who}: ${why}`),
    ),
    ...of("events", events(entries)),
  ];
}

/**
 * A device has one connection at a time; only that of a process that was frozen may be replaced by its successor's, or of one that stood
 * still for as long on its own: {@link standstills}.
 */
function twoSockets(entries: readonly Entry[]): readonly string[] {
  const wrong: string[] = [];
  const still = standstills(entries);
  const open = new Map<string, Of<"login">>();
  const frozenUntil = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === "frozen") frozenUntil.set(entry.process, Infinity);
    if (entry.kind === "woken") frozenUntil.set(entry.process, entry.at + WAKE_MS);
    if (entry.kind === "closed" && open.get(entry.session)?.connection === entry.connection)
      open.delete(entry.session);
    if (entry.kind !== "login") continue;
    const other = open.get(entry.session);
    const stood =
      other !== undefined && still.some((one) => one.process === other.process && within(one, entry.at));
    if (other !== undefined && !stood && entry.at > (frozenUntil.get(other.process) ?? -Infinity))
      wrong.push(`${entry.process} logged ${entry.session} in while ${other.process} had a connection of it`);
    open.set(entry.session, entry);
  }
  return wrong;
}

/** When a process did nothing. */
export interface Standstill {
  readonly process: string;
  readonly from: number;
  readonly until: number;
}

const within = ({ from, until }: Standstill, at: number): boolean => from <= at && at <= until;

/**
 * When event loops stood still, for want of a processor, longer than a process may take to look at its clock: as if it was frozen. Each
 * says so right after it: what it says is its longest one since it said so last.
 */
export function standstills(entries: readonly Entry[]): readonly Standstill[] {
  return all(entries, "busy")
    .filter(({ process, delayMs }) => process !== HARNESS && delayMs > WAKE_MS)
    .map(({ process, delayMs, at }) => ({ process, from: at - delayMs - ORDER_MS, until: at + ORDER_MS }));
}

/** When a session was whose. */
interface Span {
  readonly node: string | null | undefined;
  readonly from: number;
  readonly until: number;
}

function spansOf(entries: readonly Entry[]): ReadonlyMap<string, readonly Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { session, node, at } of all(entries, "holder")) {
    const before = spans.get(session) ?? [];
    const last = before.at(-1);
    if (last !== undefined) before[before.length - 1] = { ...last, until: at };
    before.push({ node, from: at, until: Infinity });
    spans.set(session, before);
  }
  return spans;
}

/** Which process a node was. */
function processesOf(entries: readonly Entry[]): ReadonlyMap<string, string> {
  return new Map(all(entries, "node").map(({ node, process }) => [node, process]));
}

/** Nobody logs a session in that the store does not name as its holder at that moment. */
function strangers(entries: readonly Entry[]): readonly string[] {
  const spans = spansOf(entries);
  const processes = processesOf(entries);
  return all(entries, "login").flatMap(({ session, process, at }) => {
    const held = spans.get(session) ?? [];
    const isOwn = held.some(
      ({ node, from, until }) =>
        typeof node === "string" &&
        processes.get(node) === process &&
        from <= at + ORDER_MS &&
        until >= at - ORDER_MS,
    );
    return isOwn ? [] : [`${process} logged ${session} in, which the store did not give it`];
  });
}

/** The store takes no write to a session from a process other than its holder's. */
function staleWrites(entries: readonly Entry[]): readonly string[] {
  const processes = processesOf(entries);
  return all(entries, "wrote").flatMap(({ process, session, node }) => {
    if (typeof node === "string" && processes.get(node) === process) return [];
    const holder = typeof node === "string" ? `${node} (${processes.get(node) ?? "unknown"})` : "nobody";
    return [`${process} wrote to ${session}, which ${holder} held`];
  });
}

/** The epoch of a session only grows, and each has one holder. */
function epochs(entries: readonly Entry[]): readonly string[] {
  const wrong: string[] = [];
  const last = new Map<string, Of<"holder">>();
  for (const entry of all(entries, "holder")) {
    const { session, node, epoch } = entry;
    const before = last.get(session);
    if (node === undefined) continue;
    last.set(session, entry);
    if (before === undefined) continue;
    if (epoch < before.epoch) wrong.push(`the epoch of ${session} fell from ${before.epoch} to ${epoch}`);
    const isShared = epoch === before.epoch && node !== before.node && node !== null && before.node !== null;
    if (isShared) wrong.push(`epoch ${epoch} of ${session} had two holders: ${before.node} and ${node}`);
  }
  return wrong;
}

/** In the end every session has a connection. */
function lostSessions(entries: readonly Entry[], end: EndState): readonly string[] {
  const open = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === "login") open.set(entry.session, entry.connection);
    if (entry.kind === "closed" && open.get(entry.session) === entry.connection) open.delete(entry.session);
  }
  return end.sessions.filter((id) => !open.has(id)).map((id) => `${id} has no connection in the end`);
}

/** What phones sent was heard. */
function lostOnTheWayIn(entries: readonly Entry[]): readonly string[] {
  const heard = new Set(all(entries, "heard").map(({ text }) => text));
  return all(entries, "sent")
    .filter(({ text }) => !heard.has(text))
    .map(({ text, session }) => `${text} was sent to ${session} and not heard`);
}

/** What a node said it had sent arrived. */
function lostOnTheWayOut(entries: readonly Entry[]): readonly string[] {
  const arrived = new Set(all(entries, "arrived").map(({ text }) => text));
  const confirmed = all(entries, "answered").filter(({ ok, text }) => ok && !arrived.has(text));
  return [...new Set(confirmed.map(({ text }) => text))].map(
    (text) => `${text} was confirmed and did not arrive`,
  );
}

/** However often a send was asked for under its key, the phone shows it once. */
function sentTwice(entries: readonly Entry[]): readonly string[] {
  const ids = new Map<string, string[]>();
  for (const { text, id } of all(entries, "arrived")) ids.set(text, [...(ids.get(text) ?? []), id]);
  return [...ids].flatMap(([text, shown]) =>
    shown.length > 1 ? [`${text} arrived ${shown.length} times: ${shown.join(", ")}`] : [],
  );
}

/** What was in an outbox was delivered, or is there still. */
function lostWebhooks(entries: readonly Entry[], end: EndState): readonly string[] {
  const done = new Set([...all(entries, "delivered").map(({ delivery }) => delivery), ...end.queued]);
  const reasons = new Map(all(entries, "given up").map(({ delivery, reason }) => [delivery, reason]));
  return all(entries, "queued")
    .filter(({ delivery }) => !done.has(delivery))
    .map(
      ({ delivery, session }) =>
        `${delivery} of ${session} was queued and never delivered: ${reasons.get(delivery) ?? "no reason was told"}`,
    );
}

/** A reader gets the events of a session in the order of their ids: over a move, too. It may get one again. */
function events(entries: readonly Entry[]): readonly string[] {
  const last = new Map<string, string>();
  const seen = new Set<string>();
  return all(entries, "event").flatMap(({ reader, session, id }) => {
    const of = `${reader} ${session}`;
    const before = last.get(of);
    const isAgain = seen.has(`${of} ${id}`);
    seen.add(`${of} ${id}`);
    if (!isAgain) last.set(of, id);
    return before !== undefined && !isAgain && id < before
      ? [`${reader} got event ${id} of ${session} after ${before}`]
      : [];
  });
}
