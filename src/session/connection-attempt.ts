/**
 * One connection attempt: loads the auth state, holds at most one socket, and records what happens as facts. It decides
 * nothing: the session's loop reads the facts and is woken by each new one.
 */
import type { BaileysEventMap } from "whaileys";
import type { AttemptOptions } from "./attempt-options.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";
import { ZpwootError, isZpwootError, messageOf } from "../errors.js";
import type { AuthState } from "../whatsapp/library.js";
import { QRCodes } from "./linking/qr-codes.js";
import type { QRCode } from "./state.js";
import { SessionSocket } from "../whatsapp/socket.js";
import type { NamedWhatsAppEvent } from "../api/events.js";

/** Where sockets go unless told otherwise (whaileys' default). */
const SERVICE_URL = "wss://web.whatsapp.com/ws/chat";
/** Our own end of the offer to link; as when WhatsApp's QR codes run out. */
const LINK_TIMEOUT: CloseSignal = { kind: "closed", code: 408, verdict: false, linkTimeout: true };

/** A pairing code that was given on a connection. */
export interface PairingCode {
  readonly digits: string;
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** An attempt, from its beginning to the moment its socket is down. */
export class ConnectionAttempt {
  /** The code given on this connection, if one was. */
  pairingCode: PairingCode | undefined;
  readonly #options: AttemptOptions;
  #auth: AuthState | undefined;
  #beginError: ZpwootError | undefined;
  #linkedNow = false;
  #handle: SessionSocket | undefined;
  #deadline = Infinity;
  readonly #cut = new AbortController();
  #offer: QRCodes | undefined;
  #openedAt: number | undefined;
  #accepted = false;
  #closed: CloseSignal | undefined;
  #passkey = false;
  #storeError: ZpwootError | undefined;

  /** Begins to load the auth state; the rest follows by itself. */
  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#begin().catch((cause: unknown) => {
      this.#beginError = isZpwootError(cause)
        ? cause
        : new ZpwootError("CONNECTION_FAILED", messageOf(cause), { cause });
      options.wake();
    });
  }

  /** The account asked for a passkey, which no companion of this kind can give. */
  get wantsPasskey(): boolean {
    return this.#passkey;
  }

  /** Asks the loop to end this attempt, whatever else it is told afterwards. */
  cut(): void {
    this.#cut.abort();
    this.#options.wake();
  }

  get isCut(): boolean {
    return this.#cut.signal.aborted;
  }

  /** Why no socket could be made: `STORE_UNAVAILABLE`, `STORE_CORRUPT`, `MISSING_PACKAGE`, `CONNECTION_FAILED`. */
  get beginError(): ZpwootError | undefined {
    return this.#beginError;
  }

  /** The auth state was loaded, only a linked account was wanted, and it is not linked. */
  get notLinked(): boolean {
    return this.#options.onlyLinked && this.#auth?.linked === false;
  }

  /** The account was linked on this connection. */
  get linkedNow(): boolean {
    return this.#linkedNow;
  }

  /** The live socket, if there is one. */
  get handle(): SessionSocket | undefined {
    return this.#handle;
  }

  get auth(): AuthState | undefined {
    return this.#auth;
  }

  /** The newest QR code, undefined before the first and from the link on. */
  get qr(): QRCode | undefined {
    return this.#offer?.current;
  }

  /** When the QR codes of this connection, and with them a pairing code, run out: ms since the epoch. */
  get linkExpiresAt(): number | undefined {
    return this.#offer?.endsAt;
  }

  get openedAt(): number | undefined {
    return this.#openedAt;
  }

  /** Whether WhatsApp accepted our client version: it offered a QR code or let us log in. */
  get accepted(): boolean {
    return this.#accepted;
  }

  get storeError(): ZpwootError | undefined {
    return this.#storeError;
  }

  /** How the connection ended; `hung` once our own deadline has passed, a link time-out once the time for that has. */
  get closed(): CloseSignal | undefined {
    if (this.#closed !== undefined || this.remainingMs > 0) return this.#closed;
    return this.#deadline <= this.#linkEndsAt ? { kind: "hung", code: 408, verdict: false } : LINK_TIMEOUT;
  }

  /** Milliseconds until the deadline of the present phase; Infinity when there is none. */
  get remainingMs(): number {
    return Math.min(this.#deadline, this.#linkEndsAt) - this.#options.now();
  }

  /** When the offer to link ends, as long as there is one. */
  get #linkEndsAt(): number {
    return this.#auth?.linked === false ? this.#options.link.endsAt : Infinity;
  }

  /** Ends the socket without unlinking, and waits until every write begun is durable or has failed. Never rejects. */
  async end(): Promise<void> {
    this.#cut.abort();
    try {
      await this.#handle?.close();
      await this.#auth?.settled();
    } catch (error) {
      this.#options.logger.error(
        { sessionId: this.#options.sessionId, error: messageOf(error) },
        "closing a socket failed",
      );
    } finally {
      this.#auth?.close();
      this.#handle = undefined;
    }
  }

  async #begin(): Promise<void> {
    const { sessionId, logger, now, timeouts, wake, egress } = this.#options;
    const library = await this.#options.library();
    const auth = await this.#options.loadAuth((error) => {
      this.#storeError ??= error;
      wake();
    });
    // Cut while the store was slow: nobody waits for this attempt any more.
    if (this.isCut) return auth.close();
    this.#auth = auth;
    if (!this.notLinked) {
      // Through the proxy, so after it was found to work.
      await egress.preflight(
        String(this.#options.config(library).waWebSocketUrl ?? SERVICE_URL),
        this.#cut.signal,
      );
      await this.#options.versionKnown(egress.agent);
      if (this.isCut) return;
      const config = this.#options.config(library);
      const { link, qrStyle: style } = this.#options;
      this.#offer = new QRCodes({ link, style, qrTimeoutMs: config.qrTimeout, now });
      this.#deadline = now() + timeouts.connectMs;
      this.#handle = new SessionSocket({
        sessionId,
        library,
        auth,
        config,
        logger,
        hooks: this.#hooks(auth),
      });
    }
    wake();
  }

  #hooks(auth: AuthState) {
    const { now, timeouts, wake, onEvent } = this.#options;
    return {
      onQR: (value: string) => this.#onQR(value, auth),
      onLinked: () => {
        this.#linkedNow = true;
        this.#offer?.end();
        // The restart that WhatsApp asks for comes within moments, or not at all.
        this.#deadline = now() + timeouts.connectMs;
        wake();
      },
      onLogin: () => {
        this.#accepted = true;
        this.#deadline = now() + timeouts.loginMs;
        wake();
      },
      onOpen: () => {
        this.#openedAt = now();
        this.#deadline = Infinity;
        wake();
      },
      onSecretRetired: () => this.#rotateSecret(auth),
      onPasskey: () => {
        this.#passkey = true;
        wake();
      },
      onClosed: (signal: CloseSignal) => {
        this.#closed ??= signal;
        wake();
      },
      // A failure reaches the loop through the auth state's onFailure.
      onCreds: () => auth.save(),
      onEvent: (event: NamedWhatsAppEvent) => {
        if (event.name !== "connection.update") return onEvent(event);
        const update = this.#withNewestQR(event.data);
        if (Object.keys(update).length > 0) onEvent({ name: "connection.update", data: update });
      },
    };
  }

  #onQR(drawn: string, auth: AuthState): void {
    // whaileys goes on drawing QR codes after the link was made.
    if (auth.linked) return;
    const { timeouts, wake } = this.#options;
    this.#accepted = true;
    const qr = this.#offer?.draw(drawn, auth.creds);
    if (qr === undefined) this.#closed ??= LINK_TIMEOUT;
    // The library ends the connection when the codes run out; should it not, we do.
    else this.#deadline = qr.expiresAt + timeouts.connectMs;
    wake();
  }

  /** A pairing code that is out was made with the old secret and is being finished with it. */
  #rotateSecret(auth: AuthState): void {
    if (auth.linked || this.pairingCode !== undefined) return;
    const qr = this.#offer?.rotate(auth.creds);
    // A failure reaches the loop through the auth state's onFailure.
    auth.save().catch(() => {});
    if (qr === undefined) return;
    this.#options.onEvent({ name: "connection.update", data: { qr: qr.value } });
    this.#options.wake();
  }

  /** The library may draw with a secret that is retired, in another form, or after the link. */
  #withNewestQR(update: BaileysEventMap["connection.update"]): BaileysEventMap["connection.update"] {
    if (typeof update.qr !== "string") return update;
    const { qr: _drawn, ...rest } = update;
    return this.qr === undefined || this.#closed !== undefined ? rest : { ...rest, qr: this.qr.value };
  }
}
