/** What of the library's events reaches the session: no keys, and nothing that its sender was not entitled to send. */
import type { RefusedClaim } from "../api/authorship.js";
import type { NamedWhatsAppEvent } from "../api/events.js";
import { LazySet } from "../async/lazy-collections.js";
import { messageOf } from "../errors.js";
import { AuthorshipGuard } from "./authorship/authorship-guard.js";
import type { AuthorshipChecks } from "./authorship/message-authors.js";
import type { WhatsAppSocket } from "./library.js";
import { redactKeys } from "./redact-keys.js";
import { disarm, isForged, type ReceivedMessage } from "./self-only-messages.js";
import { isUnreadable } from "./unreadable.js";

type MessagesUpsert = NamedWhatsAppEvent & { readonly name: "messages.upsert" };

/** So many refusals of one socket have log lines. */
const MAX_WARNINGS = 100;

/** What an {@link EventFilter} needs. */
export interface EventFilterOptions extends AuthorshipChecks {
  readonly socket: WhatsAppSocket;
  /** A message that waited for a verdict is emitted or refused. Must not throw. */
  readonly onJudged?: ((key: object) => void) | undefined;
  /** Writes a log line. Must not throw. */
  readonly warn: (text: string, fields: object) => void;
}

/**
 * Filters the events of one socket. Each kind of forgery is logged once per socket and sender, since a stranger could fill the log.
 */
export class EventFilter {
  readonly #options: EventFilterOptions;
  readonly #guard: AuthorshipGuard;
  readonly #warned = new LazySet<string>();
  #dropsUnreadable = false;

  /** Must be made in the tick in which the socket was created. */
  constructor(options: EventFilterOptions) {
    const { socket, authors, warn, onJudged } = options;
    this.#options = options;
    this.#guard = new AuthorshipGuard({
      socket,
      authors,
      onJudged,
      onRefused: (claim) => this.#refused(claim),
      onError: (error) => warn("could not emit an event", { error: messageOf(error) }),
    });
    disarmFirst(socket);
  }

  /** Returns what may be passed on, or undefined if nothing may. The library's own objects are not changed. */
  pass(event: NamedWhatsAppEvent): NamedWhatsAppEvent | undefined {
    if (event.name !== "messages.upsert") return redactKeys(event);
    const readable = this.#dropsUnreadable ? withoutUnreadable(event) : event;
    return readable.data.messages.length === 0 ? undefined : redactKeys(this.#withoutForged(readable));
  }

  /** Passes on no more messages that could not be read: without the store none can, and they are delivered again. */
  dropUnreadable(): void {
    this.#dropsUnreadable = true;
  }

  /** Whether a message waits for a verdict, or behind one that does. */
  waits(key: object): boolean {
    return this.#guard.waits(key);
  }

  /** Lets go of what waits for a verdict on its author. Settles when that is emitted. Never rejects. */
  settle(): Promise<void> {
    return this.#guard.settle();
  }

  #withoutForged(event: MessagesUpsert): MessagesUpsert {
    const messages = event.data.messages.filter((message) => !isForged(message));
    if (messages.length === event.data.messages.length) return event;
    const error = "only this account's own devices may send this protocol message";
    this.#warnOnce(error, "refused a message", { error });
    return { name: event.name, data: { ...event.data, messages } };
  }

  #refused(claim: RefusedClaim): void {
    const { kind, claimedBy, chat, messageId } = claim;
    const error =
      kind === "edit" ? "only its author may edit it" : "only its author and group admins may revoke it";
    this.#warnOnce(
      `${kind} ${claimedBy}`,
      `refused ${kind === "edit" ? "an edit" : "a revoke"} of a message`,
      {
        ...{ error, claimedBy, chat, messageId },
      },
    );
    this.#options.onRefused(claim);
  }

  #warnOnce(what: string, text: string, fields: object): void {
    if (this.#warned.has(what) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(what);
    this.#options.warn(text, fields);
  }
}

function withoutUnreadable({ name, data }: MessagesUpsert): MessagesUpsert {
  const messages = data.messages.filter((message) => !isUnreadable(message));
  return { name, data: { ...data, messages } };
}

/** The libraries emit a message before they act on it, and it is the same object: what is taken from it here, they do not find. */
function disarmFirst({ ev }: WhatsAppSocket): void {
  const emitter = ev as unknown as { emit: (name: string, data: unknown) => boolean };
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (name, data) => {
    if (name === "messages.upsert")
      (data as { readonly messages: readonly ReceivedMessage[] }).messages.forEach(disarm);
    return emit(name, data);
  };
}
