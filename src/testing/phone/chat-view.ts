/** The chats of a phone for those who look at them: what a test expects there, and snapshots. */
import type { ChatEntry } from "../context/chat-entry.js";
import type { WaitOptions } from "../context/wait.js";
import type { Account } from "../network/account.js";
import type { Network } from "../network/network.js";
import type { ChatLog } from "./chat-log.js";
import { snapshotOf, snapshotOfAll } from "./chat-snapshot.js";
import { closestTo, described, mismatches, type MessagePattern } from "./message-pattern.js";

/** Less than the five seconds after which vitest and jest end a test without an explanation. */
const EXPECTED_WITHIN_MS = 3_000;

/** What one phone shows. */
export class ChatView {
  readonly #network: Network;
  readonly #account: Account;
  readonly #log: ChatLog;

  constructor(network: Network, account: Account, log: ChatLog) {
    this.#network = network;
    this.#account = account;
    this.#log = log;
  }

  /** Settles with a message that is as expected. The error of a time-out says which one came closest, and what the chats show. */
  expectMessage(pattern: MessagePattern, options: WaitOptions): Promise<ChatEntry> {
    const resolve = (address: string): string => this.#jidOf(address);
    const what = (): string => {
      const closest = closestTo(this.#log.entries, pattern, resolve);
      const wanted = `${described(pattern)} on ${this.#account.phoneNumber}`;
      if (closest === undefined) return `${wanted}; it has no message`;
      return `${wanted}; closest is one whose ${closest}; its chats:\n${this.snapshot()}\n`;
    };
    const isExpected = (entry: ChatEntry): boolean => mismatches(entry, pattern, resolve).length === 0;
    return this.#log.waitFor(isExpected, { timeoutMs: EXPECTED_WITHIN_MS, ...options }, what);
  }

  /** All chats as text, or one. */
  snapshot(chat?: string): string {
    const nameOf = (jid: string): string => this.#nameOf(jid);
    if (chat === undefined) return snapshotOfAll(this.#log.entries, nameOf);
    const jid = this.#jidOf(chat);
    const own = this.#log.entries.filter((entry) => entry.chat === jid);
    return snapshotOf(own, nameOf);
  }

  #jidOf(address: string): string {
    const { groups, directory } = this.#network;
    return groups.find(address)?.jid ?? directory.find(address)?.jid ?? address;
  }

  #nameOf(jid: string): string {
    const { groups, directory, newsletters } = this.#network;
    const account = directory.find(jid);
    const title = groups.find(jid)?.subject ?? newsletters.find(jid)?.name;
    return title ?? account?.name ?? account?.phoneNumber ?? jid;
  }
}
