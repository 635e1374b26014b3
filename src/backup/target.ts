/** The session that credentials are put into. */
import type { SessionRecord } from "../api/session-record.js";
import type { PortableAuth } from "./portable-form.js";

/** A session whose stored credentials can be replaced. */
export interface BackupTarget {
  readonly id: string;
  /**
   * Runs the work while the session is disconnected and nothing else uses what is stored of it. Settles as the work does; when it
   * rejects, the session goes on as before.
   */
  whileDisconnected<T>(work: () => Promise<T>): Promise<T>;
  /** Changes the session's record; settles when that is durable. */
  patch(change: Pick<SessionRecord, "phoneNumber" | "verdict">): Promise<void>;
}

/** The number of the account that credentials belong to, `+` and digits; null when they don't name it. */
export function phoneNumberIn({ creds }: PortableAuth): string | null {
  const digits = /^\d+/.exec(creds.me?.id ?? "")?.[0];
  return digits === undefined ? null : `+${digits}`;
}
