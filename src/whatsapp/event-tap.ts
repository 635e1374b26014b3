/**
 * Takes message events from a library when it emits them. While WhatsApp hands over what came when the device was offline, the libraries
 * acknowledge every message and keep the events until all have come; a process that is killed meanwhile has lost them. Taken here, each
 * message is an event of its own, and what the library merges into a kept message is one too.
 */
import type { NamedWhatsAppEvent } from "../api/events.js";
import type { ReceivedKeys, StoredAlong, WhatsAppSocket } from "./library.js";
import type { EmittedMessage, ReceivedMessages } from "./received-messages.js";
import type { WireGate } from "./wire-gate.js";

/** Events that are taken when they are emitted, and not again when the library lets go of them. */
const TAPPED = [
  "messages.upsert",
  "messages.update",
  "messages.delete",
  "messages.reaction",
  "message-receipt.update",
] as const;
/** What the library acknowledges after it has emitted it. */
const ACKNOWLEDGED: ReadonlySet<string> = new Set([
  ...TAPPED,
  "call",
  "groups.upsert",
  "groups.update",
  "group-participants.update",
]);
const tapped: ReadonlySet<string> = new Set(TAPPED);

/** By the key of a message that waits for a verdict: what it is stored under until then. For all sockets: an object belongs to one alone. */
const keptUnder = new WeakMap<object, string>();

type Upsert = Extract<NamedWhatsAppEvent, { readonly name: "messages.upsert" }>["data"];
type Emit = (name: string, data: unknown) => boolean;

/** What an {@link EventTap} needs. */
export interface EventTapOptions {
  readonly socket: WhatsAppSocket;
  readonly gate: WireGate;
  /** Absent: the library says nothing of its decryptions. */
  readonly received: ReceivedMessages | undefined;
  readonly keys: Pick<ReceivedKeys, "unjudged" | "judged" | "forgetKept">;
  /** Whether a message, by its key, waits for a verdict on its author. */
  readonly waits: (key: object) => boolean;
  /** Hears of events that the library emits, and may hold back. */
  readonly onEmitted?: ((name: string) => void) | undefined;
  /** What may be passed on of an event. */
  readonly pass: (event: NamedWhatsAppEvent) => NamedWhatsAppEvent | undefined;
  /** Gives a promise if the event is to be stored. */
  readonly publish: (event: NamedWhatsAppEvent, along?: StoredAlong) => Promise<void> | undefined;
}

/** Whether {@link EventTap} takes an event when it is emitted; it takes the others with `take`. */
export function isTapped(name: string): boolean {
  return tapped.has(name);
}

/** Stands between a library and its event buffer; what changes or delays events stands between its two ends. */
export class EventTap {
  readonly #options: EventTapOptions;
  /** The message that is being emitted. */
  #emitted: EmittedMessage | undefined;
  #closed = false;

  /** Puts the inner end in front of the event buffer. */
  constructor(options: EventTapOptions) {
    this.#options = options;
    this.#wrap((name, data, emit) => {
      this.#options.onEmitted?.(name);
      if (isTapped(name)) this.take({ name, data: copied(name, data) } as NamedWhatsAppEvent);
      return emit(name, data);
    });
  }

  /** Puts the outer end in front of all that was put in front of the buffer since. */
  cover(): void {
    const { received } = this.#options;
    if (received === undefined) return;
    this.#wrap((name, data, emit) => {
      if (name !== "messages.upsert") return emit(name, data);
      const upsert = data as Upsert;
      const message = received.emitting(upsert.messages);
      this.#emitted = message;
      try {
        return emit(name, data);
      } finally {
        this.#emitted = undefined;
        // A question to WhatsApp about its author must not wait behind the message itself: it is stored as it is, and acknowledged.
        this.#keepWaiting(message, upsert);
        // Nothing was published.
        message?.store();
      }
    });
  }

  /** Publishes what may be passed on of an event; what acknowledges it leaves when it is durable. */
  take(event: NamedWhatsAppEvent): void {
    const message = event.name === "messages.upsert" ? this.#emitted : undefined;
    if (this.#closed || message?.isRepeated === true) return;
    const passed = this.#options.pass(event);
    if (passed === undefined) return;
    if (message === undefined) this.#hold(event.name, this.#publishJudged(event, passed));
    else message.store((changes) => this.#options.publish(passed, () => changes.take()));
  }

  /** A message that was kept is emitted or refused. If it was not stored with an event, it goes by itself. */
  readonly forget = (key: object): void => {
    const kept = keptUnder.get(key);
    keptUnder.delete(key);
    if (kept !== undefined && !this.#closed) this.#options.keys.forgetKept(kept);
  };

  /** Emits messages that were kept when the last connection ended. */
  emitUnjudged(): void {
    const { keys, socket } = this.#options;
    const { ev } = socket as unknown as { readonly ev: { emit: Emit } };
    for (const [kept, data] of keys.unjudged()) {
      const key = (data as Partial<Upsert>).messages?.[0]?.key;
      if (this.#closed || key === undefined) continue;
      keptUnder.set(key, kept);
      ev.emit("messages.upsert", revived(data as Upsert));
      // Judged at once.
      if (!this.#options.waits(key)) this.forget(key);
    }
  }

  /** Nothing is published any more. */
  close(): void {
    this.#closed = true;
  }

  #keepWaiting(message: EmittedMessage | undefined, data: Upsert): void {
    const key = data.messages[0]?.key;
    if (message === undefined || key === undefined || !this.#options.waits(key)) return;
    const kept = message.isRepeated ? undefined : message.keep(data);
    if (kept !== undefined) keptUnder.set(key, kept);
  }

  /** Publishes an event. Of a message that was kept, what it was kept under goes in the same batch. */
  #publishJudged({ name, data }: NamedWhatsAppEvent, passed: NamedWhatsAppEvent): Promise<void> | undefined {
    const { keys, publish } = this.#options;
    const messages = name === "messages.upsert" ? data.messages.map(({ key }) => key) : [];
    const kept = messages.flatMap((key) => keptUnder.get(key) ?? []);
    if (kept.length === 0) return publish(passed);
    const published = publish(passed, () => kept.flatMap((id) => keys.judged(id)()));
    if (published !== undefined) for (const key of messages) keptUnder.delete(key);
    return published;
  }

  #hold(name: string, published: Promise<void> | undefined): void {
    if (published === undefined) return;
    if (ACKNOWLEDGED.has(name)) this.#options.gate.hold(published);
    // Said by the publisher.
    else published.catch(() => {});
  }

  #wrap(on: (name: string, data: unknown, emit: Emit) => boolean): void {
    const { ev } = this.#options.socket as unknown as { readonly ev: { emit: Emit } };
    const emit = ev.emit.bind(ev);
    ev.emit = (name, data) => on(name, data, emit);
  }
}

/** A stored message: of a number of 64 bits, its parts are stored. */
function revived({ messages, ...rest }: Upsert): Upsert {
  const plain = messages.map((message) => {
    const { messageTimestamp: time } = message;
    return { ...message, messageTimestamp: typeof time === "object" && time !== null ? time.low : time };
  });
  return { ...rest, messages: plain as Upsert["messages"] };
}

/** The libraries merge later updates into the messages that they keep: those of an event stay as they were. */
function copied(name: string, data: unknown): unknown {
  if (name !== "messages.upsert") return data;
  const { messages, ...rest } = data as { readonly messages: readonly object[] };
  return {
    ...rest,
    messages: messages.map((message) =>
      Object.assign(Object.create(Object.getPrototypeOf(message) as object) as object, message),
    ),
  };
}

/** Whether an event says that the connection is open. */
export function isOpened(event: NamedWhatsAppEvent): boolean {
  return event.name === "connection.update" && event.data.connection === "open";
}
