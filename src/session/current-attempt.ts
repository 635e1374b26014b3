/** The connection attempt of one session, of which there is one at a time, and the commands that wait for one to start. */
import type { ZpwootError } from "../errors.js";
import { Activity } from "./activity.js";
import type { AttemptFact } from "./attempt-options.js";
import { ConnectionAttempt } from "./connection-attempt.js";
import type { LinkingLimits } from "./linking/limits.js";
import type { RecordKeeper } from "./record.js";
import type { SessionServices } from "./services.js";

/** The parts of a session that attempts are made with. */
export interface CurrentAttemptParts {
  readonly services: SessionServices;
  readonly limits: LinkingLimits;
  readonly record: RecordKeeper;
}

/** Holds the attempt of one session. */
export class CurrentAttempt {
  readonly #parts: CurrentAttemptParts;
  readonly #wake: (fact: AttemptFact) => void;
  readonly activity: Activity;
  #current: ConnectionAttempt | undefined;
  #waiters: { resolve(): void; reject(error: ZpwootError): void }[] = [];

  /** `wake` is called with every new fact. */
  constructor(parts: CurrentAttemptParts, wake: (fact: AttemptFact) => void) {
    this.#parts = parts;
    this.#wake = wake;
    this.activity = new Activity(parts.record.current.id, parts.services);
  }

  /** The attempt under way, if there is one. */
  get current(): ConnectionAttempt | undefined {
    return this.#current;
  }

  /** Starts an attempt. The one before it must have ended. */
  start({ onlyLinked }: { readonly onlyLinked: boolean }): ConnectionAttempt {
    const { services, limits, record } = this.#parts;
    const { id: sessionId } = record.current;
    const { library, qrStyle, timeouts, logger, now, url, versions, checks, deafTimeoutMs } = services;
    const { activity } = this;
    this.#current = new ConnectionAttempt({
      sessionId,
      library,
      limits,
      qrStyle,
      onlyLinked,
      timeouts,
      logger,
      now,
      url,
      wake: this.#wake,
      checks,
      deafTimeoutMs,
      onStanza: () => activity.received(),
      onDeaf: (found) => activity.deaf(found),
      loadAuth: (onFailure) =>
        services.loadAuth(sessionId, { wasLinked: record.current.phoneNumber !== null, onFailure }),
      authorship: {
        authors: services.authors(sessionId),
        onRefused: (claim) => services.emit("message.refused", { sessionId, ...claim }),
      },
      config: (used) => services.config(sessionId, used),
      egress: () => services.egress(sessionId),
      resolveVersion: (agent) => versions.resolve(agent),
      onBadSignature: ({ message, ...fields }) => {
        logger.warn({ sessionId, ...fields }, message);
        services.emit("session.bad-signature", { sessionId, message, ...fields });
      },
      onMessageAck: (ack) => services.onMessageAck(sessionId, ack),
      onEvent: (event, along) => {
        if (event.name !== "connection.update") activity.published();
        return services.emitWhatsApp(sessionId, event, along);
      },
    });
    return this.#current;
  }

  /** Ends the attempt under way and returns it. Settles when its socket is down and what it wrote is durable. Never rejects. */
  async end(): Promise<ConnectionAttempt | undefined> {
    const attempt = this.#current;
    await attempt?.end();
    this.#current = undefined;
    return attempt;
  }

  /** Settles when an attempt has a socket; rejects when the next one can't have one, and when another command supersedes the caller. */
  nextStart(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The attempt has a socket. */
  started(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** Rejects the callers that wait for an attempt to start. */
  rejectStarts(error: ZpwootError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}
