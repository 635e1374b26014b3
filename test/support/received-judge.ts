/**
 * Judges what came of messages to a session, by what was seen from outside: what the service saw acknowledged, and what came to each place
 * where events go. Knows nothing of processes, so that a test can show it histories that are wrong.
 */

/** An event as a place gets it. */
export interface SeenEvent {
  readonly id: string;
  readonly data: unknown;
}

/** What is wrong, a message each. */
export interface ReceivedVerdict {
  /** Acknowledged, and not at all places in the end. */
  readonly lost: readonly string[];
  /** Neither acknowledged nor at all places. */
  readonly missing: readonly string[];
  /** Behind one that its sender wrote later. */
  readonly outOfOrder: readonly string[];
  /** Under two event ids at one place or another, or twice in one event. */
  readonly doubled: readonly string[];
  /** At a place, and sent by nobody. */
  readonly invented: readonly string[];
}

interface ReceivedMessage {
  readonly message?: {
    readonly conversation?: string | null;
    readonly extendedTextMessage?: { readonly text?: string | null } | null;
  } | null;
}

/** What happened to messages whose texts are `<sender> <number>`, with numbers that grow. */
export class ReceivedJudge {
  readonly #places: readonly Place[];
  readonly #sent: string[] = [];
  readonly #acknowledged = new Set<string>();
  /** Where each message was found: the ids of events, and the place in them. */
  readonly #found = new Map<string, Set<string>>();

  constructor(places: readonly string[]) {
    this.#places = places.map((name) => new Place(name));
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** How many messages are not at all places. */
  get leftCount(): number {
    return Math.max(...this.#places.map(({ accepted }) => this.#sent.length - accepted.size));
  }

  /** Someone wrote it. */
  sent(text: string): void {
    this.#sent.push(text);
  }

  /** The service saw it acknowledged. */
  acknowledged(text: string): void {
    this.#acknowledged.add(text);
  }

  /** An event came to a place, which accepts or refuses it. */
  came(place: string, event: SeenEvent, isAccepted: boolean): void {
    for (const [index, text] of textsOf(event).entries()) {
      this.#found.set(text, (this.#found.get(text) ?? new Set()).add(`${event.id} ${index}`));
      this.#places.find(({ name }) => name === place)?.take(text, isAccepted);
    }
  }

  verdict(): ReceivedVerdict {
    const sent = new Set(this.#sent);
    const left = this.#sent.filter((text) => this.#places.some(({ accepted }) => !accepted.has(text)));
    return {
      lost: left.filter((text) => this.#acknowledged.has(text)),
      missing: left.filter((text) => !this.#acknowledged.has(text)),
      outOfOrder: this.#places.flatMap(({ name, outOfOrder }) =>
        [...outOfOrder].map((text) => `${text} at ${name}`),
      ),
      doubled: [...this.#found].filter(([, ids]) => ids.size > 1).map(([text]) => text),
      invented: [...this.#found.keys()].filter((text) => !sent.has(text)),
    };
  }
}

/** The texts of an event's messages; of one that could not be decrypted there is none. */
function textsOf({ data }: SeenEvent): readonly string[] {
  const { messages = [] } = data as { readonly messages?: readonly ReceivedMessage[] };
  return messages.flatMap(({ message }) => message?.conversation ?? message?.extendedTextMessage?.text ?? []);
}

/** What came to one place. What is refused comes again, before what is behind it. */
class Place {
  readonly accepted = new Set<string>();
  readonly outOfOrder = new Set<string>();
  readonly #tried = new Set<string>();
  readonly #lastTried = new Map<string, number>();
  readonly #lastAccepted = new Map<string, number>();

  constructor(readonly name: string) {}

  take(text: string, isAccepted: boolean): void {
    if (!this.#tried.has(text)) this.#note(text, this.#lastTried);
    this.#tried.add(text);
    if (!isAccepted) return;
    if (!this.accepted.has(text)) this.#note(text, this.#lastAccepted);
    this.accepted.add(text);
  }

  #note(text: string, last: Map<string, number>): void {
    const [sender = "", number = ""] = text.split(" ");
    if (Number(number) < (last.get(sender) ?? -1)) this.outOfOrder.add(text);
    else last.set(sender, Number(number));
  }
}
