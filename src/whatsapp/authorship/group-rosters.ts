/** Who is in a group, and who of them is an admin: asked of WhatsApp when a claim depends on it, and kept for a moment. */
import { LRUCache } from "lru-cache";
import { withDeadline } from "../../async/deadline.js";
import { isSame, personOf, type Person } from "./person.js";

/** Claims wait for the answer, and what comes after them. */
const ANSWER_MS = 4_000;
/** Long enough that a stranger can't have the session ask all the time. */
const KEPT = { max: 16, ttl: 60_000 };

/** A participant as the libraries name it: an address under `id`, and what else they know. */
export interface Participant {
  readonly id?: string | null;
  readonly jid?: string | null;
  readonly lid?: string | null;
  readonly phoneNumber?: string | null;
  readonly admin?: string | null;
}

/** Asks WhatsApp who is in a group. May reject, or never settle. */
export type AskParticipants = (group: string) => Promise<readonly Participant[]>;

interface Member {
  readonly person: Person;
  readonly isAdmin: boolean;
}

/** The members of one group. */
export class Roster {
  readonly #members: readonly Member[];

  constructor(participants: readonly Participant[]) {
    this.#members = participants.flatMap(({ id, jid, lid, phoneNumber, admin }) => {
      const person = personOf(id, jid, lid, phoneNumber);
      return person === undefined ? [] : [{ person, isAdmin: admin === "admin" || admin === "superadmin" }];
    });
  }

  /** Whether the person is an admin; undefined if it is not found among the members. */
  isAdmin(person: Person): boolean | undefined {
    return this.#find(person)?.isAdmin;
  }

  /** The person with both addresses, if the group has them. */
  whole(person: Person): Person {
    return this.#find(person)?.person ?? person;
  }

  #find(person: Person): Member | undefined {
    return this.#members.find((member) => isSame(member.person, person) === true);
  }
}

/** The rosters of a session's groups. */
export class GroupRosters {
  readonly #ask: AskParticipants;
  #kept: LRUCache<string, Promise<Roster | undefined>> | undefined;

  constructor(ask: AskParticipants) {
    this.#ask = ask;
  }

  /** The members of a group, at most a minute old. Undefined if WhatsApp did not say within 4 s. Never rejects. */
  of(group: string): Promise<Roster | undefined> {
    this.#kept ??= new LRUCache(KEPT);
    const known = this.#kept.get(group);
    if (known !== undefined) return known;
    const roster = this.#load(group);
    this.#kept.set(group, roster);
    return roster;
  }

  /** The group has changed. */
  forget(group: string): void {
    this.#kept?.delete(group);
  }

  async #load(group: string): Promise<Roster | undefined> {
    try {
      return new Roster(await withDeadline("the group's metadata", ANSWER_MS, () => this.#ask(group)));
    } catch {
      return undefined;
    }
  }
}
