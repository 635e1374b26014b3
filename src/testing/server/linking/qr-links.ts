/** Where phones and unlinked clients find each other: by the reference in a QR code, or by phone number and code. */

import { ZpwootError } from "../../../errors.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import type { WaitOptions } from "../../context/event-hub.js";
import { sameBytes } from "../../signal/key-bytes.js";
import type { Account } from "../../network/account.js";
import type { Registration } from "../registration.js";
import type { Service } from "../../network/service.js";
import { PairingCodes } from "./pairing-codes.js";
import { parseQr } from "./qr.js";

/** References remembered after they ended, so that an error can say what became of one. */
const rememberedRefs = 1000;

/** Links in the making. */
export class QrLinks {
  /** Linking by pairing code. */
  readonly codes: PairingCodes;
  readonly #service: Service;
  readonly #refs = new Map<string, { readonly registration: Registration; readonly endsAt: number }>();
  readonly #ended = new Set<string>();

  constructor(service: Service) {
    this.#service = service;
    this.codes = new PairingCodes(service);
  }

  /** Makes a reference known. It is honoured for its time, as long as the client is neither linked nor gone, however long it is shown. */
  addRef(ref: string, registration: Registration, lifetimeMs: number): void {
    this.#refs.set(ref, { registration, endsAt: this.#service.now() + lifetimeMs });
  }

  /** Drops all that a client offered. */
  forget(registration: Registration): void {
    this.codes.forget(registration);
    for (const [ref, owner] of this.#refs) {
      if (owner.registration !== registration) continue;
      this.#refs.delete(ref);
      this.#ended.add(ref);
      if (this.#ended.size <= rememberedRefs) continue;
      for (const oldest of this.#ended) {
        this.#ended.delete(oldest);
        break;
      }
    }
  }

  /** A phone scans a QR code; see `VirtualPhone.scan`. */
  async scan(account: Account, qr: string, options: WaitOptions): Promise<CompanionDevice> {
    const { ref, noiseKey, identityKey, advSecret } = parseQr(qr);
    const { registration, endsAt = 0 } = this.#refs.get(ref) ?? {};
    if (registration !== undefined && this.#service.now() >= endsAt) {
      throw new ZpwootError("INVALID_INPUT", "This QR code has expired: scan the newest one.");
    }
    if (registration === undefined) {
      throw new ZpwootError(
        "INVALID_INPUT",
        this.#ended.has(ref)
          ? "This QR code is over: its client was linked already, or has closed the connection."
          : "The service never issued the reference of this QR code.",
      );
    }
    const { keys } = registration.facts;
    if (!sameBytes(keys.noiseKey, noiseKey) || !sameBytes(keys.identityKey, identityKey)) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "The keys in this QR code are not those its client registered with.",
      );
    }
    // Awaited here, so that what it throws at once is a rejection like the rest.
    return await registration.link(account, advSecret, options);
  }
}
