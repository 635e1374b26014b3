/** What a program with sessions can be asked, whoever runs the sessions. */
import { setTimeout as sleep } from "node:timers/promises";
import { stopwatch } from "../frame/program.js";
import type { Figures } from "../frame/row.js";
import { operate } from "../whatsapp-process.js";

/** How sessions are run. */
export interface SessionWays {
  /** Links session n; `scan` is called with each of its QR codes. Settles when it is open. */
  open(n: number, scan: (qr: string) => void): Promise<void>;
  /** Sends a text from session n to a phone number. */
  send(n: number, to: string, text: string): Promise<void>;
}

/** Messages that sessions send. */
export interface Sending {
  /** Sessions that send at the same moment; each sends one after the other. */
  readonly sessions: number;
  readonly each: number;
  readonly to: string;
}

const LINK_AT_ONCE = 5;
/** Settles when what a session does after a message is done: receipts, and what it stores then. */
const SETTLE_MS = 150;

/** Sessions of a program, numbered from 0, with phone numbers from the first one on. */
export class SessionsProgram {
  readonly #url: string;
  readonly #first: number;
  readonly #ways: SessionWays;
  #opened = 0;
  #received = 0;
  #expected = Infinity;
  #allReceived = (): void => {};
  #watch = stopwatch();

  constructor(url: string, first: number, ways: SessionWays) {
    this.#url = url;
    this.#first = first;
    this.#ways = ways;
  }

  /** So many messages arrived. */
  received(count: number): void {
    this.#received += count;
    if (this.#received >= this.#expected) this.#allReceived();
  }

  readonly calls = {
    /** Links so many more sessions. Settles with the phone numbers of all. */
    open: async (count: number): Promise<readonly string[]> => {
      const end = this.#opened + count;
      const worker = async (): Promise<void> => {
        while (this.#opened < end) await this.#open(this.#opened++);
      };
      await Promise.all(Array.from({ length: LINK_AT_ONCE }, worker));
      return Array.from({ length: end }, (_, n) => this.#phone(n));
    },
    /** What is received from now on counts. */
    begin: (): void => {
      this.#received = 0;
      this.#expected = Infinity;
      this.#watch = stopwatch();
    },
    /** Settles when so many messages have arrived since {@link begin}, with what each took. */
    received: async (count: number): Promise<Figures> => {
      this.#expected = count;
      if (this.#received < count) await new Promise<void>((resolve) => (this.#allReceived = resolve));
      const { wallMs } = this.#watch();
      await sleep(SETTLE_MS);
      return { cpu: this.#watch().cpuMs / count, rate: (count * 1_000) / wallMs };
    },
    /** Settles when all messages are sent, with what each took. */
    send: async ({ sessions, each, to }: Sending): Promise<Figures> => {
      const watch = stopwatch();
      const loop = async (n: number): Promise<void> => {
        for (let m = 0; m < each; m += 1) await this.#ways.send(n, to, `message ${m} from the bench`);
      };
      await Promise.all(Array.from({ length: sessions }, (_, n) => loop(n)));
      const { wallMs } = watch();
      await sleep(SETTLE_MS);
      const count = sessions * each;
      return { cpu: watch().cpuMs / count, rate: (count * 1_000) / wallMs };
    },
    /** What the process has, in bytes, without garbage: needs `--expose-gc`. */
    memory: (): Figures => {
      for (let n = 0; n < 4; n += 1) globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      return { heap: heapUsed, outside: external, rss };
    },
  };

  #phone(n: number): string {
    return String(this.#first + n);
  }

  async #open(n: number): Promise<void> {
    const phoneNumber = this.#phone(n);
    await operate(this.#url, "phones", { phoneNumber });
    await new Promise<void>((resolve, reject) => {
      const scan = (qr: string): void =>
        void operate(this.#url, `phones/${phoneNumber}/scan`, { qr }).catch(reject);
      this.#ways.open(n, scan).then(resolve, reject);
    });
  }
}
