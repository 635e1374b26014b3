/** Reads the history of a run and says what was wrong. Knows nothing of the product but what it promises. */
import type { Asked, EndState, Entry } from "./history.js";

/** The promises, as columns of the table. */
export const RULES = [
  "two sockets",
  "stale write",
  "lost change",
  "name twice",
  "key left",
  "webhook lost",
  "unreadable",
  "message lost",
  "API key",
] as const;

/** One of them. */
type Rule = (typeof RULES)[number];

/** A promise that was broken. */
export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** A revoked key is refused everywhere after so long, in milliseconds. */
const REVOKED_MS = 1_000;
/** What a process does so long after it was killed, frozen or cut off may still be of before, in milliseconds. */
const AFTERMATH_MS = 1_000;
/** What is acknowledged is told within so long, in milliseconds. */
const TOLD_MS = 5_000;

/** A command and its answer. */
interface Op {
  readonly op: number;
  readonly process: string;
  readonly what: Asked;
  readonly askedAt: number;
  /** Infinity when there was no answer: it may have been done. */
  readonly answeredAt: number;
  readonly ok: boolean;
  readonly value: unknown;
}

/** Everything that the history and what is left in the store say against the promises. */
export function violations(entries: readonly Entry[], end: EndState): readonly Violation[] {
  const ops = opsOf(entries);
  const of = (rule: Rule, texts: readonly string[]): readonly Violation[] =>
    texts.map((text) => ({ rule, text }));
  return [
    ...of("two sockets", sockets(entries)),
    ...of("stale write", [
      ...epochs(entries),
      ...staleAnswers(entries, ops),
      ...lateWrites(entries, ops, end),
    ]),
    ...of("lost change", lostChanges(ops, end)),
    ...of("name twice", namesTwice(ops, end)),
    ...of("key left", keysLeft(ops, end)),
    ...of("webhook lost", webhooks(entries, ops, end)),
    ...of(
      "unreadable",
      entries.flatMap((e) => (e.kind === "undecryptable" ? [`${e.phone} from ${e.from}: ${e.reason}`] : [])),
    ),
    ...of("message lost", messages(entries, ops, end)),
    ...of("API key", apiKeys(ops, end)),
  ];
}

function opsOf(entries: readonly Entry[]): readonly Op[] {
  const answers = new Map(
    entries.flatMap((entry) => (entry.kind === "answered" ? [[entry.op, entry] as const] : [])),
  );
  return entries.flatMap((entry) => {
    if (entry.kind !== "asked") return [];
    const { op, process, what, at: askedAt } = entry;
    const answer = answers.get(op);
    const { at: answeredAt = Infinity, ok = false, value } = answer ?? {};
    return [{ op, process, what, askedAt, answeredAt, ok, value }];
  });
}

/** A device has one connection at a time, but for one of a process that is frozen; and nobody logs in again after a successor did. */
function sockets(entries: readonly Entry[]): readonly string[] {
  const wrong: string[] = [];
  const open = new Map<number, { readonly process: string; readonly device: string }>();
  const frozen = new Set<string>();
  const last = new Map<string, string>();
  const replaced = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.kind === "frozen") frozen.add(entry.process);
    if (entry.kind === "woken") frozen.delete(entry.process);
    if (entry.kind === "closed") open.delete(entry.connection);
    if (entry.kind !== "login") continue;
    const { process, device, connection } = entry;
    for (const [number, other] of open) {
      if (other.device !== device) continue;
      open.delete(number);
      if (!frozen.has(other.process))
        wrong.push(`${process} logged ${device} in while ${other.process} had a connection of it`);
    }
    open.set(connection, { process, device });
    const before = last.get(device);
    const gone = replaced.get(device) ?? new Set();
    replaced.set(device, gone);
    if (before !== undefined && before !== process) gone.add(before);
    if (gone.has(process)) wrong.push(`${process} logged ${device} in again after another process had`);
    last.set(device, process);
  }
  return wrong;
}

/** Epochs only grow, and each has one owner. */
function epochs(entries: readonly Entry[]): readonly string[] {
  const wrong: string[] = [];
  let last = { epoch: 0, ownerId: "" };
  for (const entry of entries) {
    if (entry.kind !== "owner") continue;
    const { epoch, ownerId } = entry;
    if (epoch < last.epoch) wrong.push(`the epoch fell from ${last.epoch} to ${epoch}`);
    if (epoch === last.epoch && ownerId !== last.ownerId)
      wrong.push(`epoch ${epoch} had two owners: ${last.ownerId} and ${ownerId}`);
    last = { epoch, ownerId };
  }
  return wrong;
}

const CHANGES: readonly Asked["do"][] = ["create", "patch", "delete"];

/** When the process after each one began to own the store. */
function successions(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const owning = entries.flatMap((entry) => (entry.kind === "owning" ? [entry] : []));
  return new Map(owning.map((entry, index) => [entry.process, owning[index + 1]?.at ?? Infinity]));
}

/** Who was replaced says yes to nothing that it was asked afterwards. */
function staleAnswers(entries: readonly Entry[], ops: readonly Op[]): readonly string[] {
  const until = successions(entries);
  return ops
    .filter(({ what, ok }) => ok && CHANGES.includes(what.do))
    .filter(({ process, askedAt }) => askedAt > (until.get(process) ?? Infinity))
    .map(({ process, what }) => `${process} said yes to ${JSON.stringify(what)} after it was replaced`);
}

/** What a process sent while it was cut off arrived after its successor had begun: the store must not have taken it. */
function lateWrites(entries: readonly Entry[], ops: readonly Op[], end: EndState): readonly string[] {
  const until = successions(entries);
  const stored = new Set(entries.flatMap((entry) => (entry.kind === "stored" ? [entry.token] : [])));
  for (const { token } of end.sessions) if (token !== undefined) stored.add(token);
  return entries.flatMap((cut) => {
    if (cut.kind !== "cut") return [];
    const healedAt =
      entries.find((entry) => entry.kind === "healed" && entry.process === cut.process && entry.at > cut.at)
        ?.at ?? Infinity;
    if ((until.get(cut.process) ?? Infinity) > healedAt) return [];
    return ops
      .filter(({ process, askedAt }) => process === cut.process && askedAt > cut.at && askedAt < healedAt)
      .filter(({ what }) => "token" in what && stored.has(what.token))
      .map(({ process, what }) => `late from ${process}, and stored: ${JSON.stringify(what)}`);
  });
}

/** Every change that was answered is in the store, unless another one of the same session may have come after it. */
function lostChanges(ops: readonly Op[], end: EndState): readonly string[] {
  const left = new Map(end.sessions.map((session) => [session.id, session]));
  const wrong: string[] = [];
  for (const { what, ok, value, answeredAt } of ops) {
    if (what.do !== "create" || !ok) continue;
    const id = String(value);
    const ofIt = ops.filter((op) => "id" in op.what && op.what.id === id);
    const deletions = ofIt.filter((op) => op.what.do === "delete");
    const session = left.get(id);
    if (session === undefined) {
      if (deletions.length === 0) wrong.push(`session ${id} was created and is not there`);
      continue;
    }
    if (deletions.some((op) => op.ok)) wrong.push(`session ${id} was deleted and is there`);
    const writes = [
      { token: what.token, askedAt: 0, answeredAt, ok },
      ...ofIt.flatMap((op) => (op.what.do === "patch" ? [{ ...op, token: op.what.token }] : [])),
    ];
    const stored = writes.find(({ token }) => token === session.token);
    if (stored === undefined) wrong.push(`session ${id} holds ${session.token}, which nobody wrote`);
    const later = writes.filter((write) => write.ok && write.askedAt > (stored?.answeredAt ?? Infinity));
    for (const { token } of later) wrong.push(`session ${id} holds ${session.token}: ${token} was undone`);
  }
  return wrong;
}

/** A name has one session in the store, and was not given again while its session was there. */
function namesTwice(ops: readonly Op[], end: EndState): readonly string[] {
  const names = end.sessions.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const wrong = twice.map((name) => `two sessions are called ${name}`);
  const created = ops.filter(({ what, ok }) => what.do === "create" && ok);
  for (const first of created) {
    if (first.what.do !== "create") continue;
    const { name } = first.what;
    const freedAt = Math.min(
      ...ops
        .filter(({ what }) => what.do === "delete" && what.id === String(first.value))
        .map(({ askedAt }) => askedAt),
    );
    const second = created.find(
      (op) =>
        op !== first && op.what.do === "create" && op.what.name === name && isWithin(op, first, freedAt),
    );
    if (second !== undefined)
      wrong.push(`${name} was given twice, by ${first.process} and ${second.process}`);
  }
  return wrong;
}

/** Whether all of an operation lies between the answer to another one and a moment. */
function isWithin(op: Op, first: Op, until: number): boolean {
  return op.askedAt > first.answeredAt && op.answeredAt < until;
}

/** The tombstone of credentials outlives its session on purpose. */
const isTombstone = (key: string): boolean => key.includes("tombstone");

function keysLeft(ops: readonly Op[], end: EndState): readonly string[] {
  return ops.flatMap(({ what, ok }) => {
    if (what.do !== "delete" || !ok) return [];
    const left = end.keys.filter((key) => key.includes(what.id) && !isTombstone(key));
    return left.map((key) => `deleted session ${what.id} left ${key}`);
  });
}

function webhooks(entries: readonly Entry[], ops: readonly Op[], end: EndState): readonly string[] {
  const delivered = new Set([
    ...entries.flatMap((e) => (e.kind === "delivered" ? [e.delivery] : [])),
    ...end.queued.map(({ delivery }) => delivery),
  ]);
  const reasons = new Map(
    entries.flatMap((e) => (e.kind === "given up" ? [[e.delivery, e.reason] as const] : [])),
  );
  const deleted = new Set(ops.flatMap(({ what }) => (what.do === "delete" ? [what.id] : [])));
  return entries.flatMap((entry) => {
    if (entry.kind !== "queued" || delivered.has(entry.delivery) || deleted.has(entry.session)) return [];
    const why = reasons.get(entry.delivery) ?? "no reason was told";
    return [`${entry.delivery} of session ${entry.session} was queued and never delivered: ${why}`];
  });
}

/** What was sent and answered arrived; what phones sent was heard; and who can't store a text does not answer it. */
function messages(entries: readonly Entry[], ops: readonly Op[], end: EndState): readonly string[] {
  const arrived = new Set(entries.flatMap((e) => (e.kind === "arrived" ? [e.text] : [])));
  const excused = new Set(untoldTexts(entries));
  return [
    ...ops.flatMap(({ what, ok, process }) =>
      what.do === "send" && ok && !arrived.has(what.text)
        ? [`${what.text} was sent by ${process} and did not arrive`]
        : [],
    ),
    ...unheard(entries).flatMap(({ text }) =>
      excused.has(text) || isQueued(text, end) ? [] : [`${text} was sent to a session and not heard`],
    ),
    ...answersWithoutStore(entries),
  ];
}

function isQueued(text: string, { queued }: EndState): boolean {
  return queued.some(({ body }) => body.includes(JSON.stringify(text)));
}

/** The texts that phones sent and no process told. */
export function unheard(entries: readonly Entry[]) {
  const heard = new Set(entries.flatMap((e) => (e.kind === "heard" ? [e.text] : [])));
  return entries.filter((entry) => entry.kind === "sent").filter(({ text }) => !heard.has(text));
}

/**
 * The texts that were not heard because their process was killed, frozen or cut off while it had them: between their keys, which are
 * stored first, and their webhooks. They are counted, not excused in good order: a hand-over loses none.
 */
export function untoldTexts(entries: readonly Entry[]): readonly string[] {
  const ends = entries.filter(({ kind }) => kind === "killed" || kind === "frozen" || kind === "cut");
  const acknowledged = entries.filter((entry) => entry.kind === "acknowledged");
  return unheard(entries).flatMap(({ text, id, at }) => {
    const last = Math.max(...acknowledged.filter((ack) => ack.id === id).map((ack) => ack.at));
    return ends.some((end) => end.at >= at && end.at < last + TOLD_MS) ? [text] : [];
  });
}

/** A process that is cut off its store can't know what it would answer. */
function answersWithoutStore(entries: readonly Entry[]): readonly string[] {
  const wrong: string[] = [];
  const processes = new Map<string, string>();
  const cutAt = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === "login") processes.set(entry.device, entry.process);
    if (entry.kind === "cut") cutAt.set(entry.process, entry.at);
    if (entry.kind === "healed") cutAt.delete(entry.process);
    if (entry.kind !== "acknowledged" && entry.kind !== "asked again") continue;
    const process = processes.get(entry.device) ?? "";
    if (entry.at > (cutAt.get(process) ?? Infinity) + AFTERMATH_MS)
      wrong.push(`${process} answered a text (${entry.kind}) while it was cut off its store`);
  }
  return wrong;
}

/** A key that was made is there until it is revoked, and refused everywhere a second later. */
function apiKeys(ops: readonly Op[], end: EndState): readonly string[] {
  const wrong: string[] = [];
  for (const { what, ok, value } of ops) {
    if (what.do !== "make-key" || !ok) continue;
    const id = String(value);
    const revocations = ops.filter((op) => op.what.do === "revoke-key" && op.what.keyId === id);
    const revokedAt = Math.min(...revocations.filter((op) => op.ok).map((op) => op.answeredAt));
    if (revocations.length === 0 && !end.apiKeys.includes(id))
      wrong.push(`key ${id} was made and is not there`);
    if (revokedAt < Infinity && end.apiKeys.includes(id)) wrong.push(`key ${id} was revoked and is there`);
    for (const op of ops) {
      if (op.what.do !== "verify-key" || op.what.keyId !== id || !op.ok) continue;
      if (op.value === true && op.askedAt > revokedAt + REVOKED_MS)
        wrong.push(`${op.process} accepted key ${id} after it was revoked`);
      if (op.value === false && revocations.every(({ askedAt }) => askedAt > op.answeredAt))
        wrong.push(`${op.process} refused key ${id}, which was valid`);
    }
  }
  return wrong;
}
