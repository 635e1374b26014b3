/** The register of accounts. They are found by phone number and by LID, in any notation. */
import { digitsOf, LID_SERVER, parseJid } from "../wire/jid.js";
import type { Account } from "./account.js";
import type { CompanionDevice } from "./companion-device.js";

/** The accounts of one emulator. */
export class Directory {
  readonly #byNumber = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();

  /** Adds an account. */
  add(account: Account): void {
    this.#byNumber.set(account.phoneNumber, account);
    this.#byLid.set(account.lidUser, account);
  }

  /** Gives an account another number. It is still found by the old one, until that is another account's. */
  renumber(account: Account, phoneNumber: string): void {
    account.phoneNumber = phoneNumber;
    this.#byNumber.set(phoneNumber, account);
  }

  /** Every account, in the order of adding. */
  get accounts(): readonly Account[] {
    return [...this.#byLid.values()];
  }

  /** The account of a JID (of either kind, with or without device) or of a phone number. */
  find(address: string | undefined): Account | undefined {
    if (address === undefined) return undefined;
    const jid = parseJid(address);
    if (jid?.server === LID_SERVER) return this.#byLid.get(jid.user);
    return this.#byNumber.get(jid?.user ?? digitsOf(address));
  }

  /** The linked device of a JID; undefined for a phone and for a device that is not linked. */
  device(address: string | undefined): CompanionDevice | undefined {
    const number = parseJid(address)?.device ?? 0;
    return this.find(address)?.device(number);
  }
}
