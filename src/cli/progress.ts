/** What a command that takes long says meanwhile, on standard error: a bar on a terminal, a line now and then otherwise. */

/** Called with how much is done; without a total, the time is shown. */
export type Report = (progress: { readonly done: number; readonly total: number }) => void;

/** Where it is shown. */
export interface ProgressOutput {
  /** Whether a person looks at it: the line is drawn again in place. */
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What ends sooner says nothing. */
const QUIET_MS = 500;
const REDRAW_MS = 200;
/** Between two lines where nobody looks on. */
const LINE_MS = 10_000;
const WIDTH = 30;
const ERASE = "\r\u001B[2K";

/** Runs the work and shows how far it is. Settles as it does. `unit` is what is counted: "records". */
export async function withProgress<T>(
  what: string,
  unit: string,
  work: (report: Report) => Promise<T>,
  output: ProgressOutput = process.stderr,
): Promise<T> {
  const since = performance.now();
  let state: { readonly done: number; readonly total: number } | undefined;
  let isDrawn = false;
  const isTerminal = output.isTTY === true;
  const show = (): void => {
    const seconds = Math.round((performance.now() - since) / 1_000);
    const text =
      state === undefined ? `${what}: ${seconds} s` : `${what}: ${lineOf(state, unit, isTerminal)}`;
    output.write(isTerminal ? `${ERASE}${text}` : `${text}\n`);
    isDrawn = true;
  };
  let timer = setTimeout(function tick() {
    show();
    timer = setTimeout(tick, isTerminal ? REDRAW_MS : LINE_MS);
    timer.unref();
  }, QUIET_MS);
  timer.unref();
  try {
    return await work((progress) => (state = progress));
  } finally {
    clearTimeout(timer);
    if (isDrawn && isTerminal) output.write(ERASE);
  }
}

function lineOf(
  { done, total }: { readonly done: number; readonly total: number },
  unit: string,
  isTerminal: boolean,
): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const count = `${Math.floor(share * 100)} % (${done} of ${total} ${unit})`;
  if (!isTerminal) return count;
  const filled = Math.round(share * WIDTH);
  return `[${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}] ${count}`;
}
