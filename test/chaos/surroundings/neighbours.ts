/** Sessions that nothing is done to, and how fast they are answered. */
import type { SessionManagerOptions } from "../../../src/manager/options.js";
import { SessionManager } from "../../../src/manager/session-manager.js";
import type { Notice, Pings } from "./protocol.js";

/** Between two questions, so that they are no load of their own. */
const PAUSE_MS = 15;
const ANSWER_MS = 10_000;

type Asked = Awaited<ReturnType<SessionManager["socket"]>>;

/** Sessions of a manager of their own, and for a while one of another manager. */
export class Neighbours {
  readonly #manager: SessionManager;
  readonly #notify: (notice: Notice) => void;
  readonly #ids: string[] = [];
  #sibling: (() => Promise<Asked>) | undefined;
  #times: number[] = [];
  #enough: (() => void) | undefined;
  #wanted = Infinity;
  #loop: Promise<void> | undefined;
  #running = false;

  constructor(options: SessionManagerOptions, notify: (notice: Notice) => void) {
    this.#manager = new SessionManager({ ...options, store: "memory:" });
    this.#notify = notify;
  }

  async link(count: number): Promise<void> {
    for (let one = 1; one <= count; one += 1) {
      const name = `neighbour ${one}`;
      const { id } = await this.#manager.create({ name });
      this.#manager.on("session.qr", ({ sessionId, value }) => {
        if (sessionId === id) this.#notify({ qr: value, session: name });
      });
      await this.#manager.connect(id);
      await this.#manager.waitFor(id, "connected", { timeoutMs: 30_000 });
      this.#ids.push(id);
    }
  }

  /** Asks from now on, the sibling too. */
  measure(sibling: (() => Promise<Asked>) | undefined): void {
    this.#sibling = sibling;
    this.#times = [];
    this.#wanted = Infinity;
    this.#running = true;
    this.#loop = this.#ask();
    this.#loop.catch(() => {});
  }

  /** Stops asking when there are so many answers. Rejects when one does not come. */
  async measured(count: number): Promise<Pings> {
    const enough = new Promise<void>((resolve) => (this.#enough = resolve));
    this.#wanted = count;
    if (this.#times.length < count) await Promise.race([enough, this.#loop]);
    this.#running = false;
    await this.#loop;
    const sorted = [...this.#times].sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { count: sorted.length, medianMs: at(0.5), slowestMs: at(1) };
  }

  async #ask(): Promise<void> {
    while (this.#running) {
      const sockets: (() => Promise<Asked>)[] = this.#ids.map((id) => () => this.#manager.socket(id));
      if (this.#sibling !== undefined) sockets.push(this.#sibling);
      for (const socket of sockets) {
        this.#times.push(await answerMs(socket));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      if (this.#times.length >= this.#wanted) this.#enough?.();
    }
  }
}

/**
 * How long a session takes to be answered. A connection that ends meanwhile costs the time until the next one: a clock that is set
 * forward ends all, because the libraries' keep-alive compares dates.
 */
async function answerMs(socket: () => Promise<Asked>): Promise<number> {
  const begun = performance.now();
  for (;;) {
    try {
      const attrs = { to: "@s.whatsapp.net", type: "get", xmlns: "w:p" };
      const ping = { tag: "iq", attrs, content: [{ tag: "ping", attrs: {} }] };
      const answer: unknown = await (await socket()).query(ping, ANSWER_MS);
      if (answer !== undefined) return performance.now() - begun;
    } catch (error) {
      if (performance.now() - begun > ANSWER_MS) throw error;
    }
    if (performance.now() - begun > ANSWER_MS)
      throw new Error(`no answer to a neighbour within ${ANSWER_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
