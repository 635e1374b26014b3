/** Makes a call over a session's open connection: with a deadline, a signal, and errors that say what to do. */
import { setMaxListeners } from "node:events";
import type { CallOptions } from "../api/call-options.js";
import { DeadlineError, withDeadline } from "../async/deadline.js";
import { withAnyOf } from "../async/forward-abort.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import { callError, type CallFacts } from "./refusals.js";

/** A node of the protocol, as the libraries have them. */
export type Stanza = Parameters<WhatsAppSocket["query"]>[0];

/** A session, as far as calls need it. */
interface CallingSession {
  readonly socket: WhatsAppSocket | undefined;
}

/** What a {@link Caller} is made with. */
export interface CallerOptions {
  /** Finds a session. Rejects with `SESSION_NOT_FOUND`, `STORE_UNAVAILABLE` and `STOPPED`. */
  readonly session: (id: string) => Promise<CallingSession>;
  /** Ends every call, with its reason: the manager stops. */
  readonly ending: AbortSignal;
}

/** What a call works with. */
export interface OpenCall {
  readonly socket: WhatsAppSocket;
  /** Sends a query and settles with the answer. Rejects as the library does when WhatsApp refuses. */
  readonly query: (stanza: Stanza) => Promise<Stanza>;
}

/** How long WhatsApp may take to answer, in milliseconds. */
const ANSWER_MS = 20_000;

/** Makes the calls of one manager. */
export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
    // Any number of calls may wait at once.
    setMaxListeners(0, options.ending);
  }

  /**
   * Does the work on the socket of an open session. Rejects with `SESSION_NOT_CONNECTED` when it is not open, `TIMEOUT`, `ABORTED`, and with
   * what {@link callError} makes of the rest.
   */
  async call<T>(
    id: string,
    facts: CallFacts,
    { signal, timeoutMs = ANSWER_MS }: CallOptions,
    work: (call: OpenCall) => Promise<T>,
  ): Promise<T> {
    const { session, ending } = this.#options;
    if (isAborted(signal)) throw aborted(facts);
    const { socket } = await session(id);
    if (socket === undefined) throw notConnected(facts);
    const query: OpenCall["query"] = async (stanza) => {
      // Baileys 7 settles with nothing when its own time is over.
      const answer = (await socket.query(stanza, timeoutMs)) as Stanza | undefined;
      if (answer === undefined) throw new DeadlineError("WhatsApp", timeoutMs);
      return answer;
    };
    try {
      return await withAnyOf([signal, ending], (ends) =>
        withDeadline("WhatsApp", timeoutMs, () => work({ socket, query }), { signal: ends }),
      );
    } catch (error) {
      if (isAborted(ending)) throw stopped();
      if (isAborted(signal)) throw aborted(facts);
      if (isZpwootError(error, "SESSION_NOT_CONNECTED")) throw notConnected(facts);
      throw callError(error, facts);
    }
  }
}

function notConnected({ name }: CallFacts): ZpwootError {
  return new ZpwootError("SESSION_NOT_CONNECTED", `${name}: the session is not connected`);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function aborted({ name }: CallFacts): ZpwootError {
  return new ZpwootError("ABORTED", `${name}: the call was aborted`);
}

function stopped(): ZpwootError {
  return new ZpwootError("STOPPED", "The session manager was stopped");
}
