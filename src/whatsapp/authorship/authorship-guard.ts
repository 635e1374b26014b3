/**
 * Stands between a library and its event buffer. The libraries ask of no revoke and no edit who sent it, and while events are buffered,
 * a revoke overwrites the message it names: so a forged one has to go before it gets there. docs/webhooks.md#revokes-and-edits.
 */
import type { AuthorshipMark } from "../../api/authorship.js";
import { LazyMap } from "../../async/lazy-collections.js";
import { SerialQueue } from "../../async/serial-queue.js";
import type { WhatsAppSocket } from "../library.js";
import { aliasOf } from "./alias.js";
import {
  authorOf,
  claimIn,
  claimsIn,
  groupOf,
  type Claim,
  type KeyedMessage,
  type KeyedUpdate,
} from "./claims.js";
import { GroupRosters } from "./group-rosters.js";
import { Judge, worstOf, type Verdict } from "./judge.js";
import type { AuthorshipChecks } from "./message-authors.js";
import { personOf, type Person } from "./person.js";

/** Events that are kept in order with those that wait for a verdict. */
const ORDERED: ReadonlySet<string> = new Set([
  "messages.upsert",
  "messages.update",
  "messages.delete",
  "messages.reaction",
  "message-receipt.update",
]);
/** Beyond so many events, nothing is waited for any more. */
const MAX_HELD = 1_000;
/** Verdicts on messages whose updates have not come yet. They come at once. */
const MAX_RECENT = 100;

type Emit = (name: string, data: unknown) => boolean;

/** Keys of messages that wait, for all sockets: an object belongs to one alone. */
const waiting = new WeakSet<object>();

/** What a guard needs. */
export interface AuthorshipGuardOptions extends AuthorshipChecks {
  readonly socket: WhatsAppSocket;
  /** A message that waited for a verdict, or behind one that did, is emitted or refused. Must not throw. */
  readonly onJudged?: ((key: object) => void) | undefined;
  /** A listener threw while an event was emitted that had waited for a verdict. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** A message or an update, with what is claimed in it. */
interface Judged<Item> {
  readonly item: Item;
  /** Undefined for nearly all. */
  readonly claim?: Claim | undefined;
  readonly verdict?: Verdict | Promise<Verdict> | undefined;
  /** An update whose message was refused is not reported again. */
  readonly isKnown?: boolean;
}

/** Guards the events of one socket, from its making on. */
export class AuthorshipGuard {
  readonly #options: AuthorshipGuardOptions;
  readonly #emit: Emit;
  readonly #rosters: GroupRosters;
  readonly #judge: Judge;
  readonly #recent = new LazyMap<string, Verdict | Promise<Verdict>>();
  /** There is one while events wait. */
  #queue: SerialQueue | undefined;
  #held = 0;
  /** Aborted to answer everything that is being asked. There is one while something is. */
  #patience: AbortController | undefined;

  /** Puts itself in front of the socket's event buffer. */
  constructor(options: AuthorshipGuardOptions) {
    const { socket, authors } = options;
    const { ev } = socket as unknown as { readonly ev: { emit: Emit } };
    this.#options = options;
    this.#emit = ev.emit.bind(ev);
    this.#rosters = new GroupRosters(async (group) => {
      const { participants } = await socket.groupMetadata(group);
      return participants;
    });
    this.#judge = new Judge({ authors, rosters: this.#rosters, alias: (person) => aliasOf(socket, person) });
    ev.emit = (name, data) => this.#on(name, data);
  }

  /** Whether a message waits for a verdict, or behind one that does. */
  waits(key: object): boolean {
    return waiting.has(key);
  }

  /** Emits what waits for a verdict: claims that are not judged yet are `unverified`. Settles when that is done. Never rejects. */
  async settle(): Promise<void> {
    this.#giveUp();
    await this.#queue?.settled();
  }

  #on(name: string, data: unknown): boolean {
    switch (name) {
      case "messages.upsert":
        return this.#upsert(data as { readonly messages: readonly KeyedMessage[] });
      case "messages.update": {
        const judged = (data as readonly KeyedUpdate[]).map((update) => this.#judgedUpdate(update));
        return this.#pass(judged, (updates) => this.#emit(name, updates ?? data), withMarkedUpdate);
      }
      case "messaging-history.set":
        for (const message of (data as { readonly messages: readonly KeyedMessage[] }).messages)
          this.#remember(message, this.#me);
        break;
      case "group-participants.update":
        this.#rosters.forget((data as { readonly id: string }).id);
    }
    if (this.#queue === undefined || !ORDERED.has(name)) return this.#emit(name, data);
    return this.#hold(async () => this.#emit(name, data));
  }

  #upsert(data: { readonly messages: readonly KeyedMessage[] }): boolean {
    const judged = data.messages.map((message) => this.#judgedMessage(message));
    const emit = (messages?: readonly KeyedMessage[]): boolean =>
      this.#emit("messages.upsert", messages === undefined ? data : { ...data, messages });
    const keys = data.messages.flatMap(({ key }) => key ?? []);
    return this.#pass(judged, emit, copied, keys);
  }

  /** Emits what is allowed of a list, with marks: at once if all is decided and nothing waits. `undefined` is the list as it came. */
  #pass<Item>(
    judged: readonly Judged<Item>[],
    emit: (items?: readonly Item[]) => boolean,
    marked: (item: Item, mark: AuthorshipMark) => Item,
    keys: readonly object[] = [],
  ): boolean {
    const verdicts = judged.map(({ verdict }) => verdict);
    const finish = (decided: readonly (Verdict | undefined)[]): boolean => {
      if (decided.every((verdict) => verdict === undefined)) return emit();
      const items = judged.flatMap((one, index) => this.#allowed(one, decided[index], marked));
      return items.length > 0 && emit(items);
    };
    const decided = verdicts.filter(isDecided);
    if (this.#queue === undefined && decided.length === verdicts.length) return finish(decided);
    for (const key of keys) waiting.add(key);
    return this.#hold(async () => {
      finish(await all(verdicts));
      for (const key of keys) this.#options.onJudged?.(key);
    });
  }

  #allowed<Item>(
    { item, claim, isKnown }: Judged<Item>,
    verdict: Verdict | undefined,
    marked: (item: Item, mark: AuthorshipMark) => Item,
  ): readonly Item[] {
    if (claim === undefined || verdict === undefined) return [item];
    const { kind, claimedBy, chat, messageId } = claim;
    if (verdict !== "forged") return [marked(item, { authorship: verdict, claimedBy })];
    if (isKnown !== true) this.#options.onRefused({ kind, claimedBy, chat, messageId });
    return [];
  }

  #judgedMessage(message: KeyedMessage): Judged<KeyedMessage> {
    const me = this.#me;
    const claims = me === undefined ? [] : claimsIn(message, me);
    const [claim] = claims;
    if (claim === undefined) this.#remember(message, me);
    if (claim === undefined) return { item: message };
    const verdicts = claims.map((each) => this.#judge.judge(each, this.#ending));
    const decided = verdicts.filter(isDecided);
    const isReady = decided.length === verdicts.length;
    const verdict = isReady ? worstOf(decided) : all(verdicts).then(worstOf);
    for (const each of claims) this.#note(each, verdict);
    return { item: message, claim, verdict };
  }

  #judgedUpdate(update: KeyedUpdate): Judged<KeyedUpdate> {
    const me = this.#me;
    const claim = me && claimIn(update, me);
    if (claim === undefined) return { item: update };
    // The message that it was made from came before it, and said more.
    const known = this.#recent.get(nameOf(claim));
    const verdict = known ?? this.#judge.judge(claim, this.#ending);
    return { item: update, claim, verdict, isKnown: known !== undefined };
  }

  #note(claim: Claim, verdict: Verdict | Promise<Verdict>): void {
    this.#recent.delete(nameOf(claim));
    this.#recent.set(nameOf(claim), verdict);
    if (this.#recent.size <= MAX_RECENT) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }

  #remember(message: KeyedMessage, me: Person | undefined): void {
    const { key } = message;
    const author = me && authorOf(message, me);
    if (key?.id == null || author === undefined) return;
    this.#options.authors.remember(key.id, { group: groupOf(key), author });
  }

  /** Does the work in its turn. What the library is told does not matter: it does not look at it. */
  #hold(work: () => Promise<unknown>): true {
    this.#queue ??= new SerialQueue();
    this.#held += 1;
    if (this.#held > MAX_HELD) this.#giveUp();
    const done = this.#queue.run(work).catch((error: unknown) => this.#options.onError(error));
    void done.then(() => {
      this.#held -= 1;
      if (this.#held === 0) this.#queue = undefined;
    });
    return true;
  }

  /** Everything that is being asked is answered: not verified. */
  #giveUp(): void {
    this.#patience?.abort();
    this.#patience = undefined;
  }

  get #ending(): AbortSignal {
    this.#patience ??= new AbortController();
    return this.#patience.signal;
  }

  get #me(): Person | undefined {
    const { me } = this.#options.socket.authState.creds;
    return personOf(me?.id, me?.lid);
  }
}

function isDecided<Value>(value: Value | Promise<Value>): value is Value {
  return !(value instanceof Promise);
}

/** What is decided, as soon as all is. */
function all<Value>(values: readonly (Value | Promise<Value>)[]): Promise<Value[]> {
  return Promise.all(values.map(async (value) => value));
}

function nameOf({ kind, messageId, sender }: Claim): string {
  return `${kind} ${messageId} ${sender.pn ?? ""} ${sender.lid ?? ""}`;
}

/** A copy with the mark, of the library's class. */
function copied<Item extends object>(item: Item, mark: object): Item {
  return Object.assign(Object.create(Object.getPrototypeOf(item) as object) as Item, item, mark);
}

function withMarkedUpdate(entry: KeyedUpdate, mark: AuthorshipMark): KeyedUpdate {
  return { ...entry, update: copied(entry.update, mark) };
}
