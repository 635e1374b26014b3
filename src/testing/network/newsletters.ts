/** Newsletters (channels): their owner and admins post, unencrypted, and the followers read. */
import { parseJid } from "../wire/jid.js";
import type { Account } from "./account.js";

const SERVER = "newsletter";
/** Posts that are kept of one newsletter. */
const MAX_POSTS = 1_000;

/** What an account is in a newsletter. */
export type NewsletterRole = "OWNER" | "ADMIN" | "SUBSCRIBER" | "GUEST";

/** A post, numbered by the service. */
export interface StoredPost {
  readonly id: string;
  readonly serverId: number;
  /** An encoded message. */
  readonly content: Buffer;
  /** Seconds. */
  readonly timestamp: number;
  /** The emoji of each account that reacted. */
  readonly reactions: Map<Account, string>;
}

/** What a newsletter is made of. */
export interface NewsletterInput {
  readonly jid: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly owner: Account;
  readonly followers: Iterable<Account>;
  /** Code of the link that leads to it. */
  readonly invite: string;
  /** Seconds. */
  readonly creation: number;
}

/** One newsletter. */
export class Newsletter {
  readonly jid: string;
  readonly invite: string;
  readonly creation: number;
  name: string;
  description: string;
  owner: Account;
  picture: Buffer | undefined;
  readonly admins = new Set<Account>();
  readonly followers: Set<Account>;
  /** Followers who are not notified of posts. */
  readonly muted = new Set<Account>();
  readonly #posts = new Map<number, StoredPost>();
  #lastServerId = 0;

  constructor({ jid, name, description = "", owner, followers, invite, creation }: NewsletterInput) {
    this.jid = jid;
    this.name = name;
    this.description = description;
    this.owner = owner;
    this.followers = new Set(followers);
    this.invite = invite;
    this.creation = creation;
  }

  /** Oldest first; at most the last 1,000. */
  get posts(): readonly StoredPost[] {
    return [...this.#posts.values()];
  }

  /** Followers, with the owner and the admins, who follow it too. */
  get readers(): ReadonlySet<Account> {
    return new Set([this.owner, ...this.admins, ...this.followers]);
  }

  /** What an account is in it. */
  role(account: Account): NewsletterRole {
    if (account === this.owner) return "OWNER";
    if (this.admins.has(account)) return "ADMIN";
    return this.followers.has(account) ? "SUBSCRIBER" : "GUEST";
  }

  /** Whether the account may post and change it. */
  isRunBy(account: Account): boolean {
    return account === this.owner || this.admins.has(account);
  }

  /** Keeps a post, under the next number. */
  addPost(post: Omit<StoredPost, "serverId" | "reactions">): StoredPost {
    this.#lastServerId += 1;
    const stored = { ...post, serverId: this.#lastServerId, reactions: new Map<Account, string>() };
    this.#posts.set(stored.serverId, stored);
    const [oldest] = this.#posts.keys();
    if (this.#posts.size > MAX_POSTS && oldest !== undefined) this.#posts.delete(oldest);
    return stored;
  }

  /** The post of a number. */
  post(serverId: number): StoredPost | undefined {
    return this.#posts.get(serverId);
  }
}

/** The newsletters of one emulator. */
export class Newsletters {
  readonly #byJid = new Map<string, Newsletter>();

  /** Oldest first. */
  get all(): readonly Newsletter[] {
    return [...this.#byJid.values()];
  }

  /** Adds a newsletter. */
  add(newsletter: Newsletter): void {
    this.#byJid.set(newsletter.jid, newsletter);
  }

  /** The newsletter is no more. */
  remove({ jid }: Newsletter): void {
    this.#byJid.delete(jid);
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
