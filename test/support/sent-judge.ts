/**
 * Judges what came of messages that callers handed over with keys, by what was seen from outside: what the phones show, and what callers were
 * answered and told. Knows nothing of processes, so that a test can show it histories that are wrong.
 */

/** A message that a caller hands over. Its text is `text <number>`, and no other's. */
export interface Job {
  readonly key: string;
  /** The JID of the recipient. */
  readonly to: string;
  readonly text: string;
  readonly queue: boolean;
}

/** What a phone shows of a message. */
export interface Shown {
  readonly id: string;
  readonly text?: string | undefined;
  readonly chat: string;
}

/** What was seen. */
export interface SendHistory {
  /** In the order in which they were handed over. */
  readonly jobs: readonly Job[];
  /** All answers to each key. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
  /** The ids of all `message.sent` of each key. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  /** What the sender's phone shows, oldest first. */
  readonly own: readonly Shown[];
  /** What the phone of each recipient shows, oldest first, by its JID. */
  readonly theirs: ReadonlyMap<string, readonly Shown[]>;
  /** Whether messages to one recipient have to come in the order in which they were handed over. */
  readonly inOrder: boolean;
}

/** What `sendMessage` answered. */
export interface Answer {
  readonly id: string;
  readonly to: string;
}

/** What is wrong, a key each. */
export interface SentVerdict {
  /** Not on the recipient's phone, or not on the sender's. */
  readonly missing: readonly string[];
  /** On a phone more than once, or on the phone of somebody else. */
  readonly doubled: readonly string[];
  /** Unanswered, with answers that differ, or with an answer or a `message.sent` that names another message than the phone shows. */
  readonly disagreeing: readonly string[];
  /** Behind one to the same recipient that was handed over later. */
  readonly outOfOrder: readonly string[];
}

/** What is wrong with a history. */
export function judgeSends(history: SendHistory): SentVerdict {
  const { jobs, own, theirs, inOrder } = history;
  const shownOwn = byText(own);
  const shownTheirs = byText([...theirs].flatMap(([jid, all]) => all.map((one) => ({ ...one, chat: jid }))));
  const wrong = (passes: (job: Job, theirs: readonly Shown[], own: readonly Shown[]) => boolean): string[] =>
    jobs
      .filter((job) => passes(job, shownTheirs.get(job.text) ?? [], shownOwn.get(job.text) ?? []))
      .map(({ key }) => key);
  const isTo = ({ chat }: Shown, { to }: Job): boolean => chat === to;
  return {
    missing: wrong((job, at, mine) => ![at, mine].every((all) => all.some((one) => isTo(one, job)))),
    doubled: wrong((_, at, mine) => at.length > 1 || mine.length > 1),
    disagreeing: wrong((job, [shown]) => !agrees(job, shown?.id, history)),
    outOfOrder: inOrder ? outOfOrder(history) : [],
  };
}

function agrees({ key, to }: Job, id: string | undefined, { answers, told }: SendHistory): boolean {
  const given = answers.get(key) ?? [];
  return (
    new Set(given.map((answer) => JSON.stringify(answer))).size === 1 &&
    given.every((answer) => answer.id === id && answer.to === to) &&
    (told.get(key) ?? []).every((other) => other === id)
  );
}

function outOfOrder({ jobs, theirs }: SendHistory): string[] {
  const numberOf = new Map(jobs.map(({ text }, number) => [text, number]));
  return [...theirs.values()].flatMap((all) => {
    let last = -1;
    return all.flatMap(({ text = "" }) => {
      const number = numberOf.get(text);
      if (number === undefined) return [];
      const isBehind = number < last;
      last = Math.max(last, number);
      return isBehind ? [(jobs[number] as Job).key] : [];
    });
  });
}

function byText(all: readonly Shown[]): Map<string, readonly Shown[]> {
  const found = new Map<string, readonly Shown[]>();
  for (const one of all)
    if (one.text !== undefined) found.set(one.text, [...(found.get(one.text) ?? []), one]);
  return found;
}
