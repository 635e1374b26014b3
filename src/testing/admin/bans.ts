/** Accounts that WhatsApp has banned: their clients are disconnected, and refused at every login, until the ban is lifted. */
import type { VirtualPhone } from "../virtual-phone.js";
import type { OperatedEmulator } from "./operated.js";

/** How the service says it. */
const BANNED = { reason: 403 } as const;

/** The bans of one emulator. */
export class Bans {
  readonly #emulator: OperatedEmulator;
  readonly #lift = new Map<VirtualPhone, () => void>();

  constructor(emulator: OperatedEmulator) {
    this.#emulator = emulator;
  }

  /** Whether the account is banned. */
  has(phone: VirtualPhone): boolean {
    return this.#lift.has(phone);
  }

  /** Bans the account. Returns how many of its clients were disconnected. */
  add(phone: VirtualPhone): number {
    const { phoneNumber } = phone;
    if (!this.has(phone)) {
      const failure = { failure: BANNED };
      const rule = { at: "login", action: failure, times: Number.POSITIVE_INFINITY, phoneNumber } as const;
      this.#lift.set(phone, this.#emulator.faults.add(rule));
    }
    return this.#emulator.disconnect(phoneNumber, { failure: BANNED });
  }

  /** Lifts the ban, if there is one. */
  remove(phone: VirtualPhone): void {
    this.#lift.get(phone)?.();
    this.#lift.delete(phone);
  }
}
