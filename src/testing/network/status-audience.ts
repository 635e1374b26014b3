/** Who sees a status: chosen by its author for each one. */
import type { Account } from "./account.js";
import type { Group } from "./group.js";

/** The chat that all statuses are in. */
export const STATUS_JID = "status@broadcast";

/** The accounts that a status is sent to. */
export class StatusAudience {
  readonly jid = STATUS_JID;
  readonly #accounts: readonly Account[];

  constructor(accounts: readonly Account[]) {
    this.#accounts = accounts;
  }

  /** Whether an account may post to it: everyone may. */
  has(): boolean {
    return true;
  }

  /** Phones and linked devices of the accounts. */
  get deviceJids(): readonly string[] {
    return this.#accounts.flatMap((member) => [member.jid, ...member.devices.map(({ jid }) => jid)]);
  }
}

/** Where a phone sends messages. */
export type Recipient = Account | Group | StatusAudience;

/** Whether all of a recipient's devices get the same ciphertext. */
export function isAudience(recipient: Recipient): recipient is Group | StatusAudience {
  return "deviceJids" in recipient;
}
