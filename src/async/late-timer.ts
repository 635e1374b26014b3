/** Time-outs of calls that are nearly always answered before: they share one timer while they are young, and get their own after that. */

/** How long they share one. */
const YOUNG_MS = 20;

/** In the order of their starts. */
const young = new Set<LateTimer>();
/** The timer that they share. It keeps the process alive while somebody needs it. */
let shared: NodeJS.Timeout | undefined;
/** When it is due, by `performance.now()`. */
let ageAt = 0;

/**
 * Runs something after a time, unless it is cleared before: a `setTimeout` whose start and end cost little where the end comes soon.
 *
 * @example
 * const timer = new LateTimer(() => giveUp(), 5_000);
 * timer.clear();
 */
export class LateTimer {
  readonly #run: () => void;
  readonly #dueAt: number;
  #own: NodeJS.Timeout | undefined;

  /** `ms` as in `setTimeout`. */
  constructor(run: () => void, ms: number) {
    this.#run = run;
    const now = performance.now();
    this.#dueAt = now + ms;
    if (ms <= YOUNG_MS) this.#start();
    else share(this, now);
  }

  /** It does not run any more. */
  clear(): void {
    if (young.delete(this) && young.size === 0) shared?.unref();
    clearTimeout(this.#own);
  }

  /** Gives those that were not cleared timers of their own. */
  static startAll(timers: Iterable<LateTimer>): void {
    for (const timer of timers) timer.#start();
  }

  #start(): void {
    this.#own = setTimeout(this.#run, Math.max(1, this.#dueAt - performance.now()));
  }
}

function share(timer: LateTimer, now: number): void {
  young.add(timer);
  // One that is overdue, or due too late, belongs to a clock that a test has replaced.
  if (now < ageAt && ageAt <= now + YOUNG_MS) return void shared?.ref();
  ageAt = now + YOUNG_MS;
  shared = setTimeout(age, YOUNG_MS);
}

function age(): void {
  LateTimer.startAll(young);
  young.clear();
}
