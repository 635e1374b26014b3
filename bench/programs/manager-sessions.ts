/** Sessions of a manager as a program of the bench, whichever checkout the manager is of. */
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT } from "../../src/api/logger.js";
import type { SessionManager, SessionManagerOptions } from "../../src/index.js";
import { answerCalls } from "../frame/program.js";
import { SessionsProgram } from "./sessions.js";

/** What sends: the manager, which waits for WhatsApp's acknowledgement, or the library's socket, which does not. */
export type SendsWith = "manager" | "socket";

/** What {@link answerFor} needs. */
interface ManagerSessions {
  /** Of the emulator. */
  readonly url: string;
  /** Phone number of the first session. */
  readonly first: number;
  /** Empty: without one. */
  readonly webhook: string;
  readonly sendsWith: SendsWith;
}

/** A manager's options: of an emulator's URL and a store. */
export function quiet(url: string, store: string): SessionManagerOptions {
  return { store, logger: SILENT, whatsapp: { url }, webhooks: { allowPrivateTargets: true } };
}

/** Answers the calls of the bench with sessions of a manager, and with what else the program has. */
export function answerFor(
  manager: SessionManager,
  { url, first, webhook, sendsWith }: ManagerSessions,
  more: Parameters<typeof answerCalls>[0] = {},
): void {
  const ids = new Map<number, string>();
  const program = new SessionsProgram(url, first, {
    open: async (n, scan) => {
      const { id } = await manager.create({ name: `s${n}` });
      ids.set(n, id);
      if (webhook !== "")
        await manager.update(id, { webhook: { url: webhook, events: ["messages.upsert"] } });
      await manager.connect(id);
      let qr: string | null = null;
      while ((qr = (await manager.getQRCode(id)).qrCode) === null) await sleep(5);
      scan(qr);
      await manager.waitFor(id, "connected");
    },
    send: async (n, to, text) => {
      const id = ids.get(n) ?? "";
      if (sendsWith === "manager") await manager.sendMessage(id, to, { text });
      else await (await manager.socket(id)).sendMessage(`${to}@s.whatsapp.net`, { text });
    },
  });
  const received = webhook === "" ? undefined : new Deliveries((messages) => program.received(messages));
  manager.on("messages.upsert", ({ sessionId, data }) => {
    const count = data.messages.filter(({ key, message }) => key.fromMe !== true && message).length;
    if (received === undefined) program.received(count);
    else received.emitted(sessionId, count);
  });
  if (received !== undefined)
    manager.on("webhook.delivered", ({ sessionId, event }) => {
      if (event === "messages.upsert") received.delivered(sessionId);
    });
  answerCalls({ ...program.calls, ...more, stop: () => manager.stop() });
}

/** With a webhook a message counts when the receiver has acknowledged its event. Those of a session are delivered in order. */
class Deliveries {
  readonly #onDelivered: (messages: number) => void;
  readonly #sessions = new Map<string, { readonly messages: number[]; delivered: number }>();

  constructor(onDelivered: (messages: number) => void) {
    this.#onDelivered = onDelivered;
  }

  /** An event with so many messages was emitted. */
  emitted(id: string, messages: number): void {
    const session = this.#session(id);
    session.messages.push(messages);
    this.#count(session);
  }

  /** The next event was acknowledged. */
  delivered(id: string): void {
    const session = this.#session(id);
    session.delivered += 1;
    this.#count(session);
  }

  #session(id: string): { readonly messages: number[]; delivered: number } {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const session = { messages: [], delivered: 0 };
    this.#sessions.set(id, session);
    return session;
  }

  #count(session: { readonly messages: number[]; delivered: number }): void {
    while (session.delivered > 0 && session.messages.length > 0) {
      session.delivered -= 1;
      this.#onDelivered(session.messages.shift() ?? 0);
    }
  }
}
