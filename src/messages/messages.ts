/** The messages that the sessions of a manager send. */
import type { EngineEventName, EngineEvents, NamedWhatsAppEvent } from "../api/events.js";
import { checkContent, checkSendOptions } from "../api/message-input.js";
import type { MessageContent } from "../api/message-content.js";
import type { MessageInfo, SendMessageOptions, SentMessage } from "../api/messages.js";
import { waitFor } from "../async/deadline.js";
import { ZpwootError } from "../errors.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import { infoOf } from "./message-record.js";
import { receiptsIn } from "./receipts.js";
import type { MessagesServices, SendingSession } from "./services.js";
import { hasMessages, SessionMessages } from "./session-messages.js";

/** How long a stop waits for the acknowledgements of messages that are on their way. */
const DRAIN_MS = 400;

/** What {@link Messages} needs. */
export interface MessagesDeps extends MessagesServices {
  readonly session: (sessionId: string) => SendingSession | undefined;
}

/**
 * The messages of a manager's sessions. It is told what happens to sessions: their events, and what WhatsApp acknowledges.
 *
 * @example
 * const { id } = await messages.send(sessionId, "+5511999999999", { text: "Hello" });
 */
export class Messages {
  readonly #deps: MessagesDeps;
  readonly #sessions = new Map<string, SessionMessages>();
  #stopped: ZpwootError | undefined;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /** See `SessionManager.sendMessage`. The session must exist. */
  async send(
    sessionId: string,
    to: string,
    content: MessageContent,
    options: SendMessageOptions = {},
  ): Promise<SentMessage> {
    checkContent(content);
    checkSendOptions(options);
    return this.#of(sessionId).send(to, content, options);
  }

  /** See `SessionManager.getMessage`. The session must exist. */
  async get(sessionId: string, messageId: string): Promise<MessageInfo> {
    return infoOf(await this.#of(sessionId).find(messageId));
  }

  /** WhatsApp has acknowledged a message of a session. */
  readonly onAck = (sessionId: string, ack: MessageAck): void => {
    this.#sessions.get(sessionId)?.acknowledged(ack);
  };

  /** An event of the engine. */
  readonly onEvent = <Name extends EngineEventName>(name: Name, event: EngineEvents[Name]): void => {
    if (this.#stopped !== undefined || !("sessionId" in event) || typeof event.sessionId !== "string") return;
    const { sessionId } = event;
    if (name === "session.logged-out") return this.#of(sessionId).loggedOut();
    if (name !== "session.status") return;
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) known.changed();
    else if (this.#isOpen(sessionId)) void this.#openStored(sessionId);
  };

  /** An event of a session's library. */
  readonly onWhatsApp = (sessionId: string, event: NamedWhatsAppEvent): void => {
    const receipts = this.#stopped === undefined ? receiptsIn(event) : [];
    if (receipts.length > 0) this.#of(sessionId).received(receipts);
  };

  /** A session is being deleted: ends what waits. Its records go with everything that is stored of it. */
  async forget(sessionId: string): Promise<void> {
    const messages = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    await messages?.end(new ZpwootError("SESSION_NOT_FOUND", "The session was deleted"), { keep: false });
  }

  /**
   * Another node runs a session: what waits ends with the error, what is queued stays in the store. `keep`: messages that are on their way
   * may be acknowledged, for a moment, and the rest is stored. Never rejects.
   */
  async release(sessionId: string, error: ZpwootError, { keep }: { readonly keep: boolean }): Promise<void> {
    const messages = this.#sessions.get(sessionId);
    if (messages === undefined) return;
    if (keep) await waitFor(messages.drained(), { timeoutMs: DRAIN_MS });
    await messages.end(error, { keep });
    if (this.#sessions.get(sessionId) === messages) this.#sessions.delete(sessionId);
  }

  /** Forgets what is in memory of a session that this node does not run any more: of what has come since {@link release}, too. */
  drop(sessionId: string): void {
    const messages = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    void messages?.end(new ZpwootError("STORE_IN_USE", "Another node of the cluster runs the session"), {
      keep: false,
    });
  }

  /**
   * Lets messages that are on their way be acknowledged, for a moment; then ends what waits, with `STOPPED`. What is queued stays in the
   * store. Settles when the rest is stored. Never rejects.
   */
  async stop(): Promise<void> {
    this.#stopped ??= new ZpwootError("STOPPED", "The session manager was stopped");
    const error = this.#stopped;
    const sessions = [...this.#sessions.values()];
    const drained = Promise.all(sessions.map((messages) => messages.drained()));
    await waitFor(drained, { timeoutMs: DRAIN_MS });
    await Promise.all(sessions.map((messages) => messages.end(error, { keep: true })));
  }

  #isOpen(sessionId: string): boolean {
    return this.#deps.session(sessionId)?.socket !== undefined;
  }

  /** A session is open of which nothing is in memory: what is stored of it is read. Most have nothing, and take no memory. Never rejects. */
  async #openStored(sessionId: string): Promise<void> {
    // What can't be asked is said when it is read.
    const hasSome = await hasMessages(this.#deps.store, sessionId).catch(() => true);
    if (hasSome && this.#stopped === undefined && this.#isOpen(sessionId)) this.#of(sessionId).changed();
  }

  #of(sessionId: string): SessionMessages {
    if (this.#stopped !== undefined) throw this.#stopped;
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const session = (): SendingSession | undefined => this.#deps.session(sessionId);
    const made = new SessionMessages(sessionId, session, this.#deps);
    this.#sessions.set(sessionId, made);
    return made;
  }
}
