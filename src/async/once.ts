/** Work that is done once and shared by all who ask for it. */

/** Which work is done again when it is asked for later. */
export interface OnceOptions {
  /**
   * `never`: the first result stays, whatever it is. `failure` (the default): a rejected call is forgotten, so that the next one
   * tries again. `settled`: only calls that overlap share one run.
   */
  readonly again?: "never" | "failure" | "settled";
}

/**
 * A function that shares one run of the work between its callers.
 *
 * @example
 * const load = once(() => readRecords());
 * await Promise.all([load(), load()]); // reads once; again after a failure
 */
export function once<T>(work: () => Promise<T>, { again = "failure" }: OnceOptions = {}): () => Promise<T> {
  let running: Promise<T> | undefined;
  const forget = (): void => {
    running = undefined;
  };
  return () => {
    if (running !== undefined) return running;
    const run = invoke(work);
    running = run;
    if (again === "settled") run.then(forget, forget);
    else if (again === "failure") run.catch(forget);
    return run;
  };
}

/** Turns a throw into a rejection. */
async function invoke<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
