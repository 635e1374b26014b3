/** A newsletter (channel), operated by a test. */
import type { Reaction } from "./context/chat-entry.js";
import type { Network } from "./network/network.js";
import { publish } from "./network/newsletter-posts.js";
import type { Newsletter } from "./network/newsletters.js";
import { chatMessage } from "./wire/chat-proto.js";

/** Whom a newsletter has, by JID. */
export interface NewsletterPeople {
  readonly owner: string;
  readonly admins: readonly string[];
  readonly followers: readonly string[];
  readonly muted: readonly string[];
}

/** A post of a newsletter. Its text is in the chats of the phones, under its id. */
export interface NewsletterPost {
  readonly id: string;
  /** Number that the service gave it. */
  readonly serverId: number;
  readonly reactions: readonly Reaction[];
}

/**
 * A newsletter of a phone. Made by `VirtualPhone.createNewsletter`. Its posts are on the phones of the owner and the followers, in the chat
 * of the newsletter's JID, whether a linked client of the owner wrote them or {@link post} did.
 */
export class VirtualNewsletter {
  readonly #network: Network;
  readonly #newsletter: Newsletter;

  /** @internal */
  constructor(network: Network, newsletter: Newsletter) {
    this.#network = network;
    this.#newsletter = newsletter;
  }

  /** `<id>@newsletter`: the address that clients post to. */
  get jid(): string {
    return this.#newsletter.jid;
  }

  /** Its title. */
  get name(): string {
    return this.#newsletter.name;
  }

  /** Its description; empty when it has none. */
  get description(): string {
    return this.#newsletter.description;
  }

  /** The code of the link that leads to it. */
  get invite(): string {
    return this.#newsletter.invite;
  }

  /** JIDs of the owner, the admins, the followers, and the followers who are not notified. */
  get people(): NewsletterPeople {
    const { owner, admins, followers, muted } = this.#newsletter;
    const jids = (accounts: Iterable<{ readonly jid: string }>): string[] =>
      [...accounts].map(({ jid }) => jid);
    return { owner: owner.jid, admins: jids(admins), followers: jids(followers), muted: jids(muted) };
  }

  /** The bytes of its picture, which clients set; undefined while there is none. */
  get picture(): Buffer | undefined {
    return this.#newsletter.picture;
  }

  /** Its posts, oldest first, with the reactions to each; at most the last 1,000. */
  get posts(): readonly NewsletterPost[] {
    return this.#newsletter.posts.map(({ id, serverId, reactions }) => ({
      ...{ id, serverId },
      reactions: [...reactions].map(([{ jid: from }, emoji]) => ({ from, emoji })),
    }));
  }

  /** Posts a text, as the owner does on the phone. Returns its id. */
  post(text: string): string {
    const id = Buffer.from(this.#network.context.random(10)).toString("hex").toUpperCase();
    const content = chatMessage.encode({ conversation: text });
    publish(this.#network, this.#newsletter, { id, content });
    return id;
  }
}
