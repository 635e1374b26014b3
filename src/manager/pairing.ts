/** `pair`: the link by phone number, for callers. */
import type { PairingCodeInfo } from "../api/session-info.js";
import type { PairOptions } from "../api/sessions-api.js";
import { pair } from "../session/linking/pairing-code.js";
import type { SessionServices } from "../session/services.js";
import type { Session } from "../session/session.js";

/** See `SessionManager.pair`. The number was checked. */
export async function pairSession(
  { now, timeouts, emit }: Pick<SessionServices, "now" | "timeouts" | "emit">,
  session: Session,
  phoneNumber: string,
  options: PairOptions,
): Promise<PairingCodeInfo> {
  const sessionId = session.id;
  const { code, expiresAt } = await pair(session, phoneNumber, {
    ...options,
    now,
    timeoutMs: timeouts.connectMs,
    onCode: (value, until) => emit("session.pairing-code", { sessionId, value, expiresAt: until }),
  });
  return { pairingCode: code, expiresAt: new Date(expiresAt).toISOString() };
}

/** As people write numbers: `+55 (11) 99999-9999`. */
export function withoutSeparators(phoneNumber: unknown): unknown {
  return typeof phoneNumber === "string" ? phoneNumber.replace(/[\s().-]/g, "") : phoneNumber;
}
