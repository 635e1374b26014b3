/**
 * Follows each received message of one socket from its stanza over its decryption to its event, so that nothing that acknowledges it
 * leaves before the event is durable: docs/decisions/0014-the-gate.md.
 */
import type { BinaryNode } from "whaileys";
import type { DeafnessWatch } from "./deafness-watch.js";
import type { DecryptHook, HandledHook, ReceivedChanges, ReceivedKeys } from "./library.js";
import { ReceivedStanzas, type Emitted, type Received } from "./received-stanzas.js";
import { isUnreadable } from "./unreadable.js";
import type { WireGate } from "./wire-gate.js";

/** So many messages wait for the store at most; the next ones are decrypted when it has confirmed some. */
const MAX_HELD = 256;
/**
 * A message without content, with its padding of one byte. For one whose event is stored: its keys are spent, and a library that can't decrypt
 * it asks the sender for it again, with new keys for a session that works. Given this, it acknowledges it.
 */
const NO_CONTENT = Buffer.of(1);
/** A handler of which nothing was heard, and that has made no event of a decrypted message for so long, makes none. */
const NO_EVENT_MS = 2_000;

/** A message that is being emitted. */
export interface EmittedMessage {
  /** Whether it was received before: its event is out, or durable. */
  readonly isRepeated: boolean;
  /** Its changes are stored with an event, or by themselves. Once. */
  store(publish?: (changes: ReceivedChanges) => Promise<void> | undefined): void;
  /** Its event waits for a verdict: the message is stored with its changes until then. Returns what it is kept under; undefined if it is. */
  keep(data: unknown): string | undefined;
}

/** What {@link ReceivedMessages} need. */
export interface ReceivedMessagesOptions {
  readonly keys: ReceivedKeys;
  readonly gate: WireGate;
  /** Called when a message was decrypted and made no event. Must not throw. */
  readonly onNoEvent: () => void;
  /** Hears of what comes, and of what becomes of it. */
  readonly watch?: Pick<DeafnessWatch, "came" | "done"> | undefined;
}

/** The received messages of one socket. */
export class ReceivedMessages {
  readonly #options: ReceivedMessagesOptions;
  readonly #stanzas = new ReceivedStanzas();
  /** The message that is decrypted and not emitted yet. The libraries do that for one message after the other. */
  #decrypted: Received | undefined;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  #closed = false;

  constructor(options: ReceivedMessagesOptions) {
    this.#options = options;
  }

  /** A message stanza came. */
  readonly onStanza = (node: BinaryNode): void => {
    const received = this.#stanzas.add(node);
    this.#options.watch?.came(node.attrs);
    const parts = Array.isArray(node.content) ? node.content : [];
    if (parts.some(({ tag }) => tag === "plaintext")) this.#holdUnencrypted(received);
  };

  /** Goes around each decryption. What is changed from its start until the event belongs to the message. */
  readonly decrypting: DecryptHook = async (ciphertext, decrypt) => {
    const received = this.#stanzas.withContent(ciphertext);
    if (received === undefined) return decrypt();
    const { gate, keys } = this.#options;
    if (keys.isKnown(received.name)) return NO_CONTENT;
    while (gate.held >= MAX_HELD) await gate.released();
    // The socket is about to be closed: the message will be delivered again.
    if (this.#paused) return new Promise(() => {});
    if (this.#decrypted !== undefined && this.#decrypted !== received) this.#noEvent(this.#decrypted);
    this.#decrypted = received;
    this.#changesOf(received);
    this.#watch();
    try {
      return await decrypt();
    } catch (error) {
      // What else was changed meanwhile is not this message's, and Baileys 7 may make no event of it.
      this.#storeAlone(received);
      throw error;
    }
  };

  /** The library acknowledges a message, or gives one up: the hold of one that no event follows ends with its handler. */
  readonly onHandled: HandledHook = (stanza, { isLast }) => {
    this.#options.watch?.done(stanza);
    const received = stanza === undefined ? this.#decrypted : this.#stanzas.withAttributes(stanza);
    if (isLast && received !== undefined && !this.#closed) this.#noEvent(received);
  };

  /** Takes the message that these are about, if it was received; undefined if it comes from elsewhere. */
  emitting(messages: readonly Emitted[]): EmittedMessage | undefined {
    const [message] = messages;
    const received = messages.length === 1 && message !== undefined ? this.#stanzas.take(message) : undefined;
    if (received === undefined || message === undefined) return undefined;
    if (this.#decrypted === received) this.#ended();
    const { keys, watch } = this.#options;
    watch?.done(received.attributes);
    const isStub = isUnreadable(message);
    const stubName = `${received.name} stub`;
    let isStored = false;
    return {
      isRepeated: keys.isKnown(received.name) || (isStub && keys.isKnown(stubName)),
      store: (publish) => {
        if (isStored) return;
        isStored = true;
        if (publish === undefined) return this.#storeAlone(received);
        const changes = this.#changesOf(received);
        changes.note(isStub ? stubName : received.name);
        this.#hold(received, changes);
        this.#store(received, publish(changes));
      },
      keep: (data) => {
        if (isStored) return undefined;
        isStored = true;
        const changes = this.#changesOf(received);
        changes.note(isStub ? stubName : received.name);
        const kept = changes.keep(data);
        this.#hold(received, changes);
        this.#store(received, undefined);
        return kept;
      },
    };
  }

  /** No further message is decrypted. */
  pause(): void {
    this.#paused = true;
  }

  /** The socket is closed: what was decrypted and not emitted will be delivered again. */
  close(): void {
    this.#closed = true;
    this.pause();
    for (const received of this.#stanzas.all) received.release?.();
    this.#ended();
    this.#stanzas.clear();
    this.#options.keys.drop();
  }

  #changesOf(received: Received): ReceivedChanges {
    if (received.changes !== undefined) return received.changes;
    const changes: ReceivedChanges = this.#options.keys.collect(() => this.#hold(received, changes));
    received.changes = changes;
    return changes;
  }

  #hold(received: Received, changes: ReceivedChanges): void {
    if (received.held || this.#closed) return;
    received.held = true;
    this.#options.gate.hold(changes.durable);
  }

  /** One of a channel changes no key. */
  #holdUnencrypted(received: Received): void {
    const durable = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, NO_EVENT_MS);
      received.release = (until) => {
        clearTimeout(timer);
        resolve(until);
      };
    });
    this.#options.gate.hold(durable);
  }

  #storeAlone(received: Received): void {
    if (this.#decrypted === received) this.#ended();
    this.#store(received, undefined);
  }

  #store(received: Received, published: Promise<void> | undefined): void {
    const { changes } = received;
    received.release?.(changes?.durable);
    received.changes = undefined;
    received.held = false;
    if (changes !== undefined && !this.#closed) this.#options.keys.store(changes, published);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const waiting = this.#decrypted;
      // The process itself may have been busy: the event may come in this turn.
      setImmediate(() => {
        if (waiting !== undefined && this.#decrypted === waiting) this.#noEvent(waiting);
      });
    }, NO_EVENT_MS);
  }

  #noEvent(received: Received): void {
    const isChanged = received.changes?.isEmpty === false;
    this.#storeAlone(received);
    if (isChanged) this.#options.onNoEvent();
  }

  #ended(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#decrypted = undefined;
  }
}
