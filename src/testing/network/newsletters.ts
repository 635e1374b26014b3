/** Newsletters (channels): their owner posts, unencrypted, and the followers read. */
import { parseJid } from "../wire/jid.js";
import type { Account } from "./account.js";

const SERVER = "newsletter";

/** One newsletter. */
export interface Newsletter {
  readonly jid: string;
  readonly name: string;
  readonly owner: Account;
  readonly followers: ReadonlySet<Account>;
  /** Number of the last post. */
  posts: number;
}

/** The newsletters of one emulator. */
export class Newsletters {
  readonly #byJid = new Map<string, Newsletter>();

  /** Adds a newsletter. */
  add(newsletter: Newsletter): void {
    this.#byJid.set(newsletter.jid, newsletter);
  }

  /** The newsletter of a JID. */
  find(jid: string | undefined): Newsletter | undefined {
    return jid === undefined ? undefined : this.#byJid.get(jid);
  }
}

/** Whether a JID is that of a newsletter, known or not. */
export function isNewsletter(jid: string | undefined): boolean {
  return parseJid(jid)?.server === SERVER;
}
