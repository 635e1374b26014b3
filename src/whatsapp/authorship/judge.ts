/** Decides whether who revokes or edits a message may. */
import type { Authorship } from "../../api/authorship.js";
import { waitFor } from "../../async/deadline.js";
import type { Claim } from "./claims.js";
import type { GroupRosters } from "./group-rosters.js";
import type { MessageAuthors } from "./message-authors.js";
import { isSame, personOf, type Person } from "./person.js";

/** What a claim is. Only `forged` is proved to be invalid. */
export type Verdict = Authorship | "forged";

/** Returns the other address of a person, as far as the library knows it. May reject, or never settle. */
type AskAlias = (person: Person) => Promise<string | null | undefined>;

/** What a {@link Judge} needs. */
export interface JudgeOptions {
  readonly authors: MessageAuthors;
  readonly rosters: GroupRosters;
  readonly alias: AskAlias;
}

/** Claims wait for an answer, and what comes after them. */
const DEADLINE_MS = 5_000;
/** The first that applies to one of the claims in a message applies to the message. */
const WORST_FIRST = ["forged", "unverified", "admin", "author"] as const;

/** What has to be asked about a claim. */
interface Question {
  readonly claim: Claim;
  readonly author: Person;
  /** Whether author and sender are the same, by the addresses that are known. */
  readonly same: boolean | undefined;
  /** Whether the author is remembered, and not only named by the sender. */
  readonly known: boolean;
  /** Whether an admin may do what is claimed. */
  readonly forAdmins: boolean;
}

/** Judges the claims of one session. */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /**
   * Judges at once where the addresses that are known suffice, as they nearly always do. Else asks, for 5 s at most, or until the
   * signal. Never rejects.
   */
  judge(claim: Claim, signal: AbortSignal): Verdict | Promise<Verdict> {
    const origin = this.#options.authors.find(claim.messageId);
    const author = origin?.author ?? claim.named;
    if (author === undefined) return "unverified";
    const known = origin !== undefined;
    const same = isSame(author, claim.sender);
    if (same === true) return known ? "author" : "unverified";
    // An admin of this group may not revoke what was written elsewhere.
    const forAdmins =
      claim.kind === "revoke" && claim.group !== "" && claim.group === (origin ?? claim).group;
    if (same === false && !forAdmins) return "forged";
    return this.#withinTime({ claim, author, same, known, forAdmins }, signal);
  }

  async #withinTime(question: Question, signal: AbortSignal): Promise<Verdict> {
    try {
      const answer = await waitFor(this.#ask(question), { timeoutMs: DEADLINE_MS, signal });
      return answer.by === "value" ? answer.value : "unverified";
    } catch {
      return "unverified";
    }
  }

  async #ask({ claim, author, known, forAdmins, ...question }: Question): Promise<Verdict> {
    const { sender, group } = claim;
    let same = question.same ?? isSame(await this.#whole(author), sender);
    const roster = group === "" ? undefined : await this.#options.rosters.of(group);
    same ??= roster && isSame(roster.whole(author), roster.whole(sender));
    if (same === true) return known ? "author" : "unverified";
    if (!forAdmins) return same === false ? "forged" : "unverified";
    const isAdmin = roster?.isAdmin(sender) ?? roster?.isAdmin(await this.#whole(sender));
    if (isAdmin === true) return "admin";
    // Who is not in the group any more may have been an admin.
    return isAdmin === false && same === false ? "forged" : "unverified";
  }

  /** The person with both addresses, if the library knows them. */
  async #whole(person: Person): Promise<Person> {
    return personOf(person.pn, person.lid, await this.#options.alias(person)) ?? person;
  }
}

/** The verdict on a message that contains several claims. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? "unverified";
}
