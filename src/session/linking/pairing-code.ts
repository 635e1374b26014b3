/** Linking a connecting session by phone number: one live code per connection, the same one until it expires. */
import type { PairOptions } from "../../api/sessions-api.js";
import { SerialQueue } from "../../async/serial-queue.js";
import { ZpwootError } from "../../errors.js";
import type { AuthState, WhatsAppSocket } from "../../whatsapp/library.js";
import { requestPairingCode } from "../../whatsapp/pairing-code.js";
import type { UntilOptions } from "../state-waiters.js";
import { statusOf, type SessionState } from "../state.js";

/** Crockford's alphabet without `0`: what a phone accepts. */
const PAIRING_CODE = /^[1-9A-HJ-NP-TV-Z]{8}$/;

/** A pairing code that WhatsApp accepted on a connection. */
export interface PairingCode {
  readonly digits: string;
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A connection attempt, as far as pairing needs it. */
export interface PairingAttempt {
  /** The code of this connection, if one was requested. */
  pairingCode: PairingCode | undefined;
  readonly auth: Pick<AuthState, "linked" | "settled"> | undefined;
  readonly handle: { readonly socket: WhatsAppSocket } | undefined;
  /** Why credentials could not be written; the connection is closed for that. */
  readonly storeError?: ZpwootError | undefined;
  /** When the QR codes of the connection, and with them a pairing code, run out: ms since the epoch. */
  readonly linkExpiresAt: number | undefined;
}

/** A session, as far as pairing needs it. */
interface PairingSession {
  readonly state: SessionState;
  readonly attempt: PairingAttempt | undefined;
  /** Whether an attempt is under way or due. */
  readonly wantsOnline: boolean;
  until(test: () => boolean, options: UntilOptions): Promise<void>;
}

/** What {@link PairingCodes} are made from. */
export interface PairingCodesOptions {
  readonly session: PairingSession;
  readonly now: () => number;
  /** How long to wait for the connection to offer a link. */
  readonly timeoutMs: number;
  /** Called with every new code. */
  readonly onCode: (code: PairingCode) => void;
}

/** The pairing codes of one session. */
export class PairingCodes {
  readonly #options: PairingCodesOptions;
  readonly #requests = new SerialQueue();

  constructor(options: PairingCodesOptions) {
    this.#options = options;
  }

  /**
   * Returns the session's pairing code for a number in international format. Waits for the first QR code of the connection (asked
   * for earlier, WhatsApp refuses), at most `timeoutMs`. One request at a time.
   * @throws ZpwootError as `SessionsApi.pair` says.
   */
  async request(phoneNumber: string, options: PairOptions): Promise<PairingCode> {
    if (options.code !== undefined && !PAIRING_CODE.test(options.code)) {
      const rule = "code must be 8 characters of 123456789ABCDEFGHJKLMNPQRSTVWXYZ";
      throw new ZpwootError("INVALID_INPUT", rule, { details: [rule] });
    }
    const digits = phoneNumber.replace(/\D/g, "");
    return this.#requests.run(() => this.#request(digits, options));
  }

  async #request(digits: string, { code: custom, force }: PairOptions): Promise<PairingCode> {
    const { now, onCode } = this.#options;
    const attempt = await this.#offeringAttempt();
    const known = attempt.pairingCode;
    const reusable = known?.digits === digits && known.expiresAt > now() && force !== true;
    if (reusable && (custom === undefined || custom === known.code)) return known;
    const { auth, handle, linkExpiresAt: expiresAt } = attempt;
    if (auth === undefined || handle === undefined || expiresAt === undefined) throw notConnecting();
    const code = await requestPairingCode(handle.socket, { digits, custom, auth }).catch((error: unknown) => {
      throw attempt.storeError ?? error;
    });
    const pairingCode = { digits, code, expiresAt };
    attempt.pairingCode = pairingCode;
    onCode(pairingCode);
    return pairingCode;
  }

  /** The attempt whose connection offers to link, as soon as there is one. */
  async #offeringAttempt(): Promise<PairingAttempt> {
    const { session, timeoutMs } = this.#options;
    const first = session.state;
    const offers = (): boolean => {
      if (session.attempt?.auth?.linked === true) {
        throw new ZpwootError(
          "SESSION_ALREADY_LINKED",
          "The session is linked already. Log out first to link another account",
        );
      }
      if (statusOf(session.state) !== "connecting" && !session.wantsOnline) throw notConnecting();
      if (session.state !== first && waitsForStore(session.state)) throw storeAway();
      return session.state.name === "qr" || session.state.name === "pairing";
    };
    await session.until(offers, { timeoutMs, goal: "to offer a link" });
    const { attempt } = session;
    if (attempt === undefined) throw notConnecting();
    return attempt;
  }
}

function waitsForStore(state: SessionState): boolean {
  return state.name === "waiting" && state.cause.reason === "store";
}

function storeAway(): ZpwootError {
  return new ZpwootError(
    "STORE_UNAVAILABLE",
    "The store did not answer while the session was connecting: request a code again when it does",
  );
}

function notConnecting(): ZpwootError {
  return new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected. Connect first");
}
