/** Every request is answered in time, whatever it waits for: a store, a proxy or WhatsApp that says nothing. */
import { errorResponse, HttpError } from "./message.js";

/** From a request to its answer, in milliseconds: below the 12 s that the documentation states. */
const ANSWER_MS = 11_500;
/** A deadline passes in so many steps, so that a process too busy to hear an answer does not take it for silence. */
const STEPS = 5;

/** The time of one request. Runs from its construction, except while the client sends the body, which has a limit of its own. */
export class AnswerDeadline {
  #leftMs: number = ANSWER_MS;

  /** The route waits longer, because its caller asked for it. */
  extend(ms: number): void {
    this.#leftMs += ms;
  }

  /** Settles as the work does; rejects with an {@link HttpError} when the time is over. The work is not cancelled. */
  within<T>(work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const stepMs = Math.max(1, this.#leftMs) / STEPS;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        this.#leftMs -= performance.now() - startedAt;
      };
      const late = (): void => {
        end();
        reject(tooLate());
      };
      const step = (left: number): void => {
        timer = setTimeout(() => (left > 1 ? step(left - 1) : late()), stepMs);
      };
      step(STEPS);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          end();
          settle(value);
        };
      work.then(settled(resolve), settled(reject));
    });
  }
}

function tooLate(): HttpError {
  const text = "The request is not finished yet. It goes on; its outcome is in the session's status";
  return new HttpError(errorResponse(504, text, "Gateway Timeout"));
}
