import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import {
  PairingCodes,
  type PairingAttempt,
  type PairingCode,
} from "../../src/session/linking/pairing-code.js";
import { StateWaiters } from "../../src/session/state-waiters.js";
import type { SessionState } from "../../src/session/state.js";
import type { WhatsAppSocket } from "../../src/whatsapp/library.js";

const NUMBER = "+55 11 99999-0000";
const qr = { value: "2@a", seq: 1, expiresAt: 0 };

/** A session that offers a link over a socket which answers every request with the next code. */
class FakeSession {
  state: SessionState = { name: "qr", attempt: 1, qr };
  wantsOnline = true;
  attempt: PairingAttempt | undefined;
  /** What WhatsApp was asked: digits, and the wanted code. */
  readonly asked: (readonly [string, string | undefined])[] = [];
  answers = true;
  /** When what was written is durable. */
  stored = Promise.resolve();
  readonly clock = { now: 1_000 };
  readonly issued: PairingCode[] = [];
  readonly #waiters = new StateWaiters(() => ({ sessionId: "a", state: this.state }));
  readonly until = this.#waiters.until.bind(this.#waiters);
  readonly codes: PairingCodes;

  constructor() {
    this.attempt = this.newAttempt();
    this.codes = new PairingCodes({
      session: this,
      now: () => this.clock.now,
      timeoutMs: 20,
      onCode: (code) => void this.issued.push(code),
    });
  }

  newAttempt(): PairingAttempt {
    const ws = new EventEmitter();
    const requestPairingCode = async (digits: string, custom?: string): Promise<string> => {
      this.asked.push([digits, custom]);
      if (!this.answers) return new Promise(() => {});
      setImmediate(() => ws.emit("CB:iq,type:result,link_code_companion_reg", {}));
      return custom ?? `CODE000${this.asked.length}`;
    };
    return {
      pairingCode: undefined,
      auth: { linked: false, settled: () => this.stored },
      handle: { socket: { ws, requestPairingCode } as unknown as WhatsAppSocket },
      linkExpiresAt: 10_000,
    };
  }

  set(state: SessionState): void {
    this.state = state;
    this.#waiters.changed();
  }
}

describe("a pairing code", () => {
  it("is requested once, and is the same until it expires", async () => {
    const session = new FakeSession();
    const code = await session.codes.request(NUMBER, {});
    expect(code).toEqual({ digits: "5511999990000", code: "CODE0001", expiresAt: 10_000 });
    expect(await session.codes.request("5511999990000", {})).toBe(code);
    expect(session.issued).toEqual([code]);
    session.clock.now = 10_000;
    expect(await session.codes.request(NUMBER, {})).toMatchObject({ code: "CODE0002" });
  });

  it("is another one when that is forced, for another number, or of one's own choice", async () => {
    const session = new FakeSession();
    await session.codes.request(NUMBER, {});
    expect(await session.codes.request(NUMBER, { force: true })).toMatchObject({ code: "CODE0002" });
    expect(await session.codes.request("5511888880000", {})).toMatchObject({ code: "CODE0003" });
    expect(await session.codes.request("5511888880000", { code: "ABCD1234" })).toMatchObject({
      code: "ABCD1234",
    });
    expect(await session.codes.request("5511888880000", { code: "ABCD1234" })).toBe(session.issued.at(-1));
    expect(session.asked).toHaveLength(4);
  });

  it("is requested once by two at the same time", async () => {
    const session = new FakeSession();
    const [one, two] = await Promise.all([
      session.codes.request(NUMBER, {}),
      session.codes.request(NUMBER, {}),
    ]);
    expect(one).toBe(two);
    expect(session.asked).toHaveLength(1);
  });

  it("is requested after the first QR code of the connection", async () => {
    const session = new FakeSession();
    session.state = { name: "connecting", attempt: 1 };
    const code = session.codes.request(NUMBER, {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(session.asked).toEqual([]);
    session.set({ name: "qr", attempt: 1, qr });
    expect(await code).toMatchObject({ code: "CODE0001" });
  });

  it("is not one of another connection", async () => {
    const session = new FakeSession();
    await session.codes.request(NUMBER, {});
    session.attempt = session.newAttempt();
    expect(await session.codes.request(NUMBER, {})).toMatchObject({ code: "CODE0002" });
  });

  it.each(["ABCD123", "ABCD12345", "ABCD123O", "ABCD1230", "abcd1234"])(
    "can't be %s: a phone does not accept it",
    async (code) => {
      await expect(new FakeSession().codes.request(NUMBER, { code })).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
    },
  );

  it("needs a session that connects, and one that is not linked", async () => {
    const session = new FakeSession();
    session.set({ name: "idle", reason: "disconnected" });
    session.wantsOnline = false;
    await expect(session.codes.request(NUMBER, {})).rejects.toMatchObject({ code: "SESSION_NOT_CONNECTED" });
    session.attempt = { ...session.newAttempt(), auth: { linked: true, settled: async () => {} } };
    await expect(session.codes.request(NUMBER, {})).rejects.toMatchObject({ code: "SESSION_ALREADY_LINKED" });
  });

  it("is not waited for longer than the connection may take", async () => {
    const session = new FakeSession();
    session.set({ name: "connecting", attempt: 1 });
    await expect(session.codes.request(NUMBER, {})).rejects.toMatchObject({
      code: "TIMEOUT",
      message: "Timed out after 20 ms waiting for session a to offer a link (now: connecting, connecting)",
    });
  });

  it("is not waited for when the store goes away while the session connects", async () => {
    const session = new FakeSession();
    const waiting: SessionState = { name: "waiting", attempt: 1, retryAt: 0, cause: { reason: "store" } };
    session.set(waiting);
    // It may be back by now: the next attempt tells.
    const early = session.codes.request(NUMBER, {});
    session.set({ name: "qr", attempt: 2, qr });
    expect(await early).toMatchObject({ code: "CODE0001" });
    session.set({ name: "connecting", attempt: 3 });
    const late = session.codes.request(NUMBER, {});
    await new Promise((resolve) => setImmediate(resolve));
    session.set({ ...waiting });
    await expect(late).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("is not waited for when the store does not take the credentials that it is made with", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const session = new FakeSession();
      session.answers = false;
      session.stored = new Promise(() => {});
      const stuck = session.codes.request(NUMBER, {}).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(5_100);
      expect(await stuck).toMatchObject({ code: "STORE_UNAVAILABLE" });
      // With the credentials stored, it is WhatsApp that is waited for.
      session.stored = Promise.resolve();
      const unanswered = session.codes.request(NUMBER, {}).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(19_000);
      expect(await Promise.race([unanswered, Promise.resolve("waits")])).toBe("waits");
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await unanswered).toMatchObject({ code: "TIMEOUT" });
    } finally {
      vi.useRealTimers();
    }
  });
});
