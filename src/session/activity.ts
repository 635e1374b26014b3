/** When a session last received something, and what is done when nothing comes of it. */
import type { EngineEvents } from "../api/events.js";
import type { SessionActivity, SessionPlace } from "../api/session-detail.js";
import { isoTime } from "../async/timer.js";
import type { HandledDeafness } from "../whatsapp/deafness-watch.js";
import type { SessionServices } from "./services.js";

/** A session that goes deaf again and again is connected again once in this time: something else is wrong then. */
const RECONNECT_EVERY_MS = 3_600_000;

/** What is kept in memory of one session, over its reconnects. */
export class Activity {
  readonly #services: Pick<SessionServices, "emit" | "logger" | "now" | "placeOf">;
  readonly #sessionId: string;
  #inboundAt: number | undefined;
  #eventAt: number | undefined;
  #reconnectedAt = -Infinity;

  constructor(sessionId: string, services: Pick<SessionServices, "emit" | "logger" | "now" | "placeOf">) {
    this.#sessionId = sessionId;
    this.#services = services;
  }

  /** What of it, and of where the session runs, `detail` shows. */
  get detailed(): SessionActivity & SessionPlace {
    return { ...this.shown, ...this.#services.placeOf?.(this.#sessionId) };
  }

  /** As events show it. */
  get shown(): SessionActivity {
    return {
      ...(this.#inboundAt === undefined ? {} : { lastInboundAt: isoTime(this.#inboundAt) }),
      ...(this.#eventAt === undefined ? {} : { lastEventAt: isoTime(this.#eventAt) }),
    };
  }

  /** WhatsApp sent something that becomes an event. */
  received(): void {
    this.#inboundAt = Date.now();
  }

  /** An event was published. */
  published(): void {
    this.#eventAt = Date.now();
  }

  /** The connection was deaf. Reports it, and returns whether to connect again. */
  deaf({ reason, waitingMessages, heldEvents, forMs, handedOut }: HandledDeafness): boolean {
    const { emit, logger, now } = this.#services;
    const reconnects = now() - this.#reconnectedAt >= RECONNECT_EVERY_MS;
    if (reconnects) this.#reconnectedAt = now();
    const event: EngineEvents["session.degraded"] = {
      ...{ sessionId: this.#sessionId, reason, waitingMessages, heldEvents, handedOut, forMs },
      ...this.shown,
      action: reconnects ? "reconnect" : "none",
    };
    const text = `session is connected and deaf: ${
      reason === "no-events" ? "messages came in and no events came out" : "the library held events back"
    }`;
    // Said once: what follows within the hour is the same.
    logger[reconnects ? "warn" : "debug"]({ ...event }, text);
    emit("session.degraded", event);
    return reconnects;
  }
}
