/** Work that is done once and shared by all who ask for it. */

/** Which work is done again when it is asked for later. */
export interface OnceOptions {
  /**
   * `never`: the first result stays, whatever it is. `failure` (the default): a rejected call is forgotten, so that the next one
   * tries again. `settled`: only calls that overlap share one run.
   */
  readonly again?: "never" | "failure" | "settled";
}

/** A function that shares one run of its work between its callers. */
export interface Once<T> {
  (): Promise<T>;
  /** Settles when the present run has settled, at once if there is none. Starts nothing, never rejects. */
  settled(): Promise<void>;
}

/**
 * A function that shares one run of the work between its callers.
 *
 * @example
 * const load = once(() => readRecords());
 * await Promise.all([load(), load()]); // reads once; again after a failure
 */
export function once<T>(work: () => Promise<T>, { again = "failure" }: OnceOptions = {}): Once<T> {
  let running: Promise<T> | undefined;
  const forget = (): void => {
    running = undefined;
  };
  const call = (): Promise<T> => {
    if (running !== undefined) return running;
    const run = invoke(work);
    running = run;
    if (again === "settled") run.then(forget, forget);
    else if (again === "failure") run.catch(forget);
    return run;
  };
  const settled = async (): Promise<void> => {
    await running?.catch(() => {});
  };
  return Object.assign(call, { settled });
}

/** Turns a throw into a rejection. */
async function invoke<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
