/** Who wrote the last messages of a session. */
import type { RefusedClaim } from "../../api/authorship.js";
import type { Person } from "./person.js";

/** Measured: 110 kB for a session that is full; most sessions of a process never are. */
const MAX_MESSAGES = 1_000;

/** What the sockets of a session check revokes and edits with. */
export interface AuthorshipChecks {
  readonly authors: MessageAuthors;
  /** A revoke or an edit was proved to be forged, and refused: no event of WhatsApp says so. Must not throw. */
  readonly onRefused: (claim: RefusedClaim) => void;
}

/** Where a message was written, and by whom. */
export interface Origin {
  /** The JID of the group; empty if it was not in a group. */
  readonly group: string;
  readonly author: Person;
}

/**
 * The authors of the last 1,000 messages by their ids, over the reconnects of a session. Nothing is allocated before the first message.
 * The first author of an id stays: who sends a second message under it does not become the author of the first.
 */
export class MessageAuthors {
  /** In the order of arrival. */
  #byId: Map<string, Origin> | undefined;
  /** One object for all messages of an author in a chat. */
  #origins: Map<string, Origin> | undefined;

  /** Remembers a message. */
  remember(id: string, { group, author }: Origin): void {
    const byId = (this.#byId ??= new Map<string, Origin>());
    if (byId.has(id)) return;
    byId.set(id, this.#shared(group, author));
    if (byId.size <= MAX_MESSAGES) return;
    const [oldest] = byId.keys();
    if (oldest !== undefined) byId.delete(oldest);
  }

  /** Where a message came from; undefined if it is unknown or older than the last 1,000. */
  find(id: string): Origin | undefined {
    return this.#byId?.get(id);
  }

  #shared(group: string, author: Person): Origin {
    const origins = (this.#origins ??= new Map<string, Origin>());
    const name = `${group} ${author.pn ?? ""} ${author.lid ?? ""}`;
    const known = origins.get(name);
    if (known !== undefined) return known;
    // The messages keep what they have.
    if (origins.size >= MAX_MESSAGES) origins.clear();
    const origin = { group, author };
    origins.set(name, origin);
    return origin;
  }
}
