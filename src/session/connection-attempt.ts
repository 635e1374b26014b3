/**
 * One connection attempt: loads the auth state, holds at most one socket, and records what happens as facts. It decides
 * nothing: each new fact wakes the session's loop, which reads the facts.
 */
import type { NamedWhatsAppEvent } from "../api/events.js";
import { agentThatReaches } from "../egress/proxy.js";
import { ZpwootError, isZpwootError, messageOf } from "../errors.js";
import { DEAF, HUNG, LINK_TIMEOUT, type CloseSignal } from "../whatsapp/close-signal.js";
import type { HandledDeafness } from "../whatsapp/deafness-watch.js";
import type { AuthState, SocketFactory, StoredAlong } from "../whatsapp/library.js";
import { SessionSocket } from "../whatsapp/socket.js";
import type { AttemptFact, AttemptOptions } from "./attempt-options.js";
import type { PairingCode } from "./linking/pairing-code.js";
import { QRCodes, withShownQR } from "./linking/qr-codes.js";
import type { QRCode } from "./state.js";

/** An attempt, from its start to the moment its socket is down. */
export class ConnectionAttempt {
  readonly #options: AttemptOptions;
  #aborted = false;
  /** Ends what the socket waits for before it is made. */
  #starting: AbortController | undefined;
  #auth: AuthState | undefined;
  #handle: SessionSocket | undefined;
  #deadline = Infinity;
  #qrCodes: QRCodes | undefined;
  #pairingCode: PairingCode | undefined;
  /** The account asked for a passkey, which only WhatsApp's own clients can give. */
  wantsPasskey = false;
  #linkedNow = false;
  #accepted = false;
  #openedAt: number | undefined;
  #closed: CloseSignal | undefined;

  /** Starts to load the auth state; the rest follows by itself. */
  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#start().catch((cause: unknown) => {
      this.startError = isZpwootError(cause)
        ? cause
        : new ZpwootError("CONNECTION_FAILED", messageOf(cause), { cause });
      options.wake("failed-to-start");
    });
  }

  /** Asks the loop to end this attempt, whatever happens to it afterwards. */
  abort(): void {
    this.#aborted = true;
    this.#starting?.abort();
    this.#options.wake("aborted");
  }

  /** Drops the connection, because the store is not to be relied on, and asks the loop to end this attempt. */
  failStore(error: ZpwootError): void {
    this.storeError ??= error;
    this.#handle?.cut();
    // What waits for the store ends, so that the library can emit what it has acknowledged.
    this.#auth?.abandon();
    this.#options.wake("store-failed");
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Why no socket could be made: `STORE_UNAVAILABLE`, `STORE_CORRUPT`, `MISSING_PACKAGE`, `PROXY_FAILED`, `CONNECTION_FAILED`. */
  startError: ZpwootError | undefined;

  /** Why credentials could not be written. */
  storeError: ZpwootError | undefined;

  /** The live socket, if there is one. */
  get handle(): SessionSocket | undefined {
    return this.#handle;
  }

  /** The auth state, once it is loaded. */
  get auth(): AuthState | undefined {
    return this.#auth;
  }

  /** The newest QR code, undefined before the first and from the link on. */
  get qr(): QRCode | undefined {
    return this.#qrCodes?.current;
  }

  /** When the QR codes of this connection, and with them a pairing code, run out: ms since the epoch. */
  get linkExpiresAt(): number | undefined {
    return this.#qrCodes?.endsAt;
  }

  /** The pairing code of this connection, if one was requested. */
  get pairingCode(): PairingCode | undefined {
    return this.#pairingCode;
  }

  set pairingCode(code: PairingCode | undefined) {
    this.#pairingCode = code;
    this.#options.wake("pairing-code");
  }

  /** The account was linked on this connection. */
  get linkedNow(): boolean {
    return this.#linkedNow;
  }

  /** WhatsApp asked for a restart after the link: it knows the device. Before that our answer may never have arrived. */
  get linkConfirmed(): boolean {
    return this.#linkedNow && this.closed?.code === 515 && this.storeError === undefined;
  }

  /** Whether WhatsApp accepted our client version: it offered a QR code or accepted the login. */
  get accepted(): boolean {
    return this.#accepted;
  }

  get openedAt(): number | undefined {
    return this.#openedAt;
  }

  /** How the connection ended, or that the deadline of its phase or the time for linking has passed. */
  get closed(): CloseSignal | undefined {
    if (this.#closed !== undefined || this.remainingMs > 0) return this.#closed;
    return this.#deadline <= this.#linkEndsAt ? HUNG : LINK_TIMEOUT;
  }

  /** Milliseconds until the deadline of the present phase; Infinity when there is none. */
  get remainingMs(): number {
    return Math.min(this.#deadline, this.#linkEndsAt) - this.#options.now();
  }

  /** When the offer to link ends, as long as there is one. */
  get #linkEndsAt(): number {
    return this.#auth?.linked === false ? this.#options.limits.endsAt : Infinity;
  }

  /** Ends the socket without unlinking, and waits until every write begun is durable or has failed. Never rejects. */
  async end(): Promise<void> {
    this.#aborted = true;
    this.#starting?.abort();
    const { logger, sessionId } = this.#options;
    try {
      await this.#handle?.close();
      await this.#auth?.settled();
    } catch (error) {
      logger.error({ sessionId, error: messageOf(error) }, "closing a socket failed");
    } finally {
      this.#auth?.close();
      this.#handle = undefined;
    }
  }

  async #start(): Promise<void> {
    const library = await this.#options.library();
    const auth = await this.#options.loadAuth((error) => this.failStore(error));
    // Aborted while the store was slow: the loop no longer holds this attempt.
    if (this.aborted) return auth.close();
    this.#auth = auth;
    if (auth.linked || !this.#options.onlyLinked) await this.#connect(library, auth);
    this.#options.wake("auth-loaded");
  }

  async #connect(library: SocketFactory, auth: AuthState): Promise<void> {
    const { sessionId, authorship, logger, now, timeouts, egress, limits, qrStyle, checks, deafTimeoutMs } =
      this.#options;
    this.#starting = new AbortController();
    // Through the proxy, so after the proxy was found to work.
    const { url, resolveVersion } = this.#options;
    await resolveVersion(await agentThatReaches(url, egress, this.#starting.signal));
    this.#starting = undefined;
    if (this.aborted || this.storeError !== undefined) return;
    const config = this.#options.config(library);
    this.#qrCodes = new QRCodes({ limits, style: qrStyle, qrTimeoutMs: config.qrTimeout, now });
    this.#deadline = now() + timeouts.connectMs;
    const hooks = this.#hooks(auth);
    const made = { sessionId, library, auth, authorship, config, checks, logger, deafTimeoutMs, hooks };
    this.#handle = new SessionSocket(made);
  }

  #hooks(auth: AuthState) {
    const { now, timeouts, onBadSignature, onMessageAck } = this.#options;
    return {
      onQR: (value: string) => this.#onQR(value, auth),
      onLinked: () => {
        this.#linkedNow = true;
        this.#qrCodes?.end();
        // The restart that WhatsApp asks for comes within moments, or not at all.
        this.#enter("linked", timeouts.connectMs);
      },
      onLogin: () => {
        this.#accepted = true;
        this.#enter("login", timeouts.loginMs);
      },
      onOpen: () => {
        this.#openedAt = now();
        this.#enter("open", Infinity);
      },
      onSecretRetired: () => this.#rotateSecret(auth),
      onPasskey: () => {
        this.wantsPasskey = true;
        this.#options.wake("passkey");
      },
      onBadSignature,
      onMessageAck,
      onStanza: this.#options.onStanza,
      onDeaf: (found: HandledDeafness) => void (this.#options.onDeaf(found) && this.#end(DEAF)),
      onClosed: (signal: CloseSignal) => this.#end(signal),
      onCreds: () => auth.save(), // A failure reaches the loop through the auth state's onFailure.
      onEvent: (event: NamedWhatsAppEvent, along?: StoredAlong) => this.#onEvent(event, along),
    };
  }

  #end(signal: CloseSignal): void {
    this.#closed ??= signal;
    this.#options.wake("closed");
  }

  /** A phase begins, with a deadline of its own. */
  #enter(fact: AttemptFact, timeoutMs: number): void {
    this.#deadline = this.#options.now() + timeoutMs;
    this.#options.wake(fact);
  }

  #onEvent(event: NamedWhatsAppEvent, along?: StoredAlong): Promise<void> | undefined {
    if (event.name !== "connection.update") return this.#options.onEvent(event, along);
    const data = withShownQR(event.data, this.#closed === undefined ? this.qr : undefined);
    return Object.keys(data).length > 0 ? this.#options.onEvent({ name: event.name, data }) : undefined;
  }

  #onQR(drawn: string, auth: AuthState): void {
    // whaileys goes on drawing QR codes after the link was made.
    if (auth.linked) return;
    this.#accepted = true;
    const qr = this.#qrCodes?.draw(drawn, auth.creds);
    if (qr === undefined) this.#closed ??= LINK_TIMEOUT;
    // The library ends the connection when the codes run out; should it not, this deadline does.
    else this.#deadline = qr.expiresAt + this.#options.timeouts.connectMs;
    this.#options.wake("qr");
  }

  /** A live pairing code was made with the old secret and is completed with it. */
  #rotateSecret(auth: AuthState): void {
    if (auth.linked || this.#pairingCode !== undefined) return;
    const qr = this.#qrCodes?.renewSecret(auth.creds);
    auth.save().catch(() => {}); // A failure reaches the loop through the auth state's onFailure.
    if (qr === undefined) return;
    this.#options.onEvent({ name: "connection.update", data: { qr: qr.value } })?.catch(() => {});
    this.#options.wake("qr");
  }
}
