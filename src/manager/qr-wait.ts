/** `getQRCode`: the code that is there, or the next one. */
import type { QRCodeInfo } from "../api/session-info.js";
import type { QRCodeOptions } from "../api/sessions-api.js";
import { isZpwootError } from "../errors.js";
import type { Session } from "../session/session.js";
import { present, qrOf } from "./session-views.js";

/** See `SessionManager.getQRCode`. The options were checked; `find` rejects once the session is gone. */
export async function qrCodeOf(find: () => Promise<Session>, options: QRCodeOptions): Promise<QRCodeInfo> {
  await untilNext(await find(), options);
  return present.qrCode(await find());
}

/** Settles when there is a code after that number, when none can come, or when the time is over. Rejects as the session ends, or by the signal. */
async function untilNext(
  session: Session,
  { after = 0, timeoutMs = 0, signal }: QRCodeOptions,
): Promise<void> {
  if (timeoutMs === 0) return;
  const isOver = (): boolean => session.status !== "connecting" || (qrOf(session)?.seq ?? 0) > after;
  const limits = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  try {
    await session.until(isOver, { goal: "to show a QR code", ...limits });
  } catch (error) {
    if (!isZpwootError(error, "TIMEOUT")) throw error;
  }
}
