/** Linking a connecting session by phone number: one live code per connection, the same one until it expires. */
import type { ConnectionAttempt, PairingCode } from "../connection-attempt.js";
import { ZpwootError } from "../../errors.js";
import type { Session } from "../session.js";
import { statusOf } from "../state.js";
import type { PairOptions } from "../../api/sessions-api.js";
import { requestPairingCode } from "../../whatsapp/pairing-code.js";

/** Crockford's alphabet without `0`: what a phone accepts (whatsapp-protocol.md section 5). */
const PAIRING_CODE = /^[1-9A-HJ-NP-TV-Z]{8}$/;

const inFlight = new WeakMap<Session, Promise<unknown>>();

/** What a request for a code needs beside the caller's options. */
export interface PairingRequest extends PairOptions {
  readonly now: () => number;
  /** How long to wait for the connection to offer a link. */
  readonly timeoutMs: number;
  /** Called with every new code. */
  readonly onCode: (code: string, expiresAt: string) => void;
}

/**
 * Gives the session's pairing code for a number in international format. Waits for the first QR code of the connection
 * (asked for earlier, WhatsApp refuses), at most `timeoutMs`. One request at a time per session.
 * @throws ZpwootError as `SessionsApi.pair` says.
 */
export async function pair(
  session: Session,
  phoneNumber: string,
  options: PairingRequest,
): Promise<PairingCode> {
  const { code } = options;
  if (code !== undefined && !PAIRING_CODE.test(code)) {
    const rule = "code must be 8 characters of 123456789ABCDEFGHJKLMNPQRSTVWXYZ";
    throw new ZpwootError("INVALID_INPUT", rule, { details: [rule] });
  }
  const digits = phoneNumber.replace(/\D/g, "");
  const request = (inFlight.get(session) ?? Promise.resolve()).then(() => ask(session, digits, options));
  inFlight.set(
    session,
    request.catch(() => {}),
  );
  return request;
}

async function ask(session: Session, digits: string, options: PairingRequest): Promise<PairingCode> {
  const attempt = await linkingAttempt(session, options.timeoutMs);
  const known = attempt.pairingCode;
  const reusable = known?.digits === digits && known.expiresAt > options.now();
  if (reusable && options.force !== true && (options.code === undefined || options.code === known.code))
    return known;
  const { socket } = attempt.handle ?? {};
  const expiresAt = attempt.linkExpiresAt;
  if (socket === undefined || expiresAt === undefined) throw notConnecting();
  const code = await requestPairingCode(socket, digits, options.code);
  attempt.pairingCode = { digits, code, expiresAt };
  session.nudge();
  options.onCode(code, new Date(expiresAt).toISOString());
  return attempt.pairingCode;
}

/** The attempt whose connection offers to link, as soon as there is one. */
async function linkingAttempt(session: Session, timeoutMs: number): Promise<ConnectionAttempt> {
  await session.watch.until(
    () => {
      if (session.attempt?.auth?.linked === true) {
        throw new ZpwootError(
          "SESSION_ALREADY_LINKED",
          "The session is linked already. Log out first to link another account.",
        );
      }
      if (statusOf(session.state) !== "connecting" && !session.wantsOnline) throw notConnecting();
      return session.state.name === "qr" || session.state.name === "pairing";
    },
    { timeoutMs },
  );
  const { attempt } = session;
  if (attempt === undefined) throw notConnecting();
  return attempt;
}

function notConnecting(): ZpwootError {
  return new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected. Connect first.");
}
