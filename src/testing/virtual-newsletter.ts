/** A newsletter (channel), operated by a test. */
import type { Network } from "./network/network.js";
import { publish } from "./network/newsletter-posts.js";
import type { Newsletter } from "./network/newsletters.js";
import { chatMessage } from "./wire/chat-proto.js";

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

  /** Posts a text, as the owner does on the phone. Returns its id. */
  post(text: string): string {
    const id = Buffer.from(this.#network.context.random(10)).toString("hex").toUpperCase();
    const content = chatMessage.encode({ conversation: text });
    publish(this.#network, this.#newsletter, { id, content });
    return id;
  }
}
