/** What comes in on one socket: its messages are followed to their events, and it is noticed when none come of them. */
import { waitFor } from "../async/deadline.js";
import { DeafnessWatch, type Deafness } from "./deafness-watch.js";
import { isTapped } from "./event-tap.js";
import type { ReceivedKeys, SocketFactory, WhatsAppSocket } from "./library.js";
import type { Emitter } from "./pending-queries.js";
import { ReceivedMessages } from "./received-messages.js";
import type { WireGate } from "./wire-gate.js";

/** Deadline for what a library holds back. */
const HAND_OUT_MS = 5_000;
/** Stanzas that become events. */
const INBOUND = ["CB:message", "CB:receipt", "CB:notification", "CB:call"] as const;

/** A library's event buffer. */
interface Buffer {
  flush?: () => unknown;
  /** Hears of the events that come out, by name. */
  process?: (handler: (events: object) => void) => () => void;
}

/** What an {@link Inbound} needs. */
export interface InboundOptions {
  readonly socket: WhatsAppSocket;
  readonly library: Pick<SocketFactory, "onDecrypt" | "onHandled">;
  readonly keys: ReceivedKeys;
  readonly gate: WireGate;
  /** See {@link DeafnessWatch}. */
  readonly deafTimeoutMs: number;
  /** A stanza came. Must not throw. */
  readonly onStanza: () => void;
  /** A message was decrypted and made no event. Must not throw. */
  readonly onNoEvent: () => void;
  /** The socket is deaf; so many kinds of events were held back and are handed out. Must not throw. */
  readonly onDeaf: (found: Deafness, handedOut: number) => void;
}

/** Follows one socket, from its making on. */
export class Inbound {
  /** Absent: the library says nothing of its decryptions. */
  readonly received: ReceivedMessages | undefined;
  readonly watch: DeafnessWatch;
  readonly #options: InboundOptions;
  readonly #ws: Emitter;

  /** Must be made in the tick in which the socket was created. */
  constructor(options: InboundOptions) {
    const { socket, library, keys, gate, deafTimeoutMs, onNoEvent, onStanza } = options;
    this.#options = options;
    this.#ws = socket.ws as unknown as Emitter;
    this.watch = new DeafnessWatch({
      timeoutMs: deafTimeoutMs,
      onDeaf: (found) => void this.#deaf(found),
    });
    if (library.onDecrypt !== undefined) {
      // Of a library that says nothing of what it is done with, every message would seem to wait.
      const watch = library.onHandled === undefined ? undefined : this.watch;
      const received = new ReceivedMessages({ keys, gate, onNoEvent, watch });
      this.received = received;
      library.onDecrypt(socket, received.decrypting);
      library.onHandled?.(socket, received.onHandled);
      // Before the library's own listener, which handles it.
      this.#ws.prependListener("CB:message", received.onStanza as (...args: unknown[]) => void);
    }
    for (const name of INBOUND) this.#ws.on(name, onStanza);
  }

  /** The socket is closed. */
  close(): void {
    this.watch.close();
    this.received?.close();
    for (const name of INBOUND) this.#ws.off(name, this.#options.onStanza);
  }

  /** What is held back goes out first. If nothing was held, and no message waits, there was nothing to be deaf to. */
  async #deaf(found: Deafness): Promise<void> {
    const { ev } = this.#options.socket as unknown as { readonly ev: Buffer };
    let handedOut = 0;
    // Those of messages are published when they are emitted.
    const count = (events: object): number => Object.keys(events).filter((name) => !isTapped(name)).length;
    const stop = ev.process?.((events) => (handedOut += count(events)));
    try {
      await waitFor(Promise.resolve(ev.flush?.()), { timeoutMs: HAND_OUT_MS });
    } catch {
      // Reported as it was found.
    } finally {
      stop?.();
    }
    if (found.waitingMessages > 0 || handedOut > 0) this.#options.onDeaf(found, handedOut);
  }
}
