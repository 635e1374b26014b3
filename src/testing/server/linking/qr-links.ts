/** Linking by QR code: phones find unlinked clients by the reference in the code. */
import { ZpwootError } from "../../../errors.js";
import type { EmulatorContext } from "../../context/emulator-context.js";
import type { WaitOptions } from "../../context/wait.js";
import type { Account } from "../../network/account.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import { sameBytes } from "../../signal/key-bytes.js";
import type { LinkingClient } from "./linking-client.js";
import { parseQr } from "./qr-text.js";

/** References remembered after they ended, so that an error can name the reason. */
const REMEMBERED_REFS = 1000;

/** The QR codes that may be scanned. */
export class QrLinks {
  readonly #context: EmulatorContext;
  readonly #refs = new Map<string, { readonly client: LinkingClient; readonly endsAtMs: number }>();
  readonly #ended = new Set<string>();

  constructor(context: EmulatorContext) {
    this.#context = context;
  }

  /** Makes a reference valid for so many milliseconds, or until the client is linked or disconnected. */
  addRef(ref: string, client: LinkingClient, lifetimeMs: number): void {
    this.#refs.set(ref, { client, endsAtMs: this.#context.now() + lifetimeMs });
  }

  /** Ends the references of a client. */
  forget(client: LinkingClient): void {
    for (const [ref, owner] of this.#refs) {
      if (owner.client !== client) continue;
      this.#refs.delete(ref);
      this.#ended.add(ref);
      if (this.#ended.size <= REMEMBERED_REFS) continue;
      for (const oldest of this.#ended) {
        this.#ended.delete(oldest);
        break;
      }
    }
  }

  /** A phone scans a QR code; see `VirtualPhone.scan`. */
  async scan(account: Account, qr: string, options: WaitOptions): Promise<CompanionDevice> {
    const { ref, noiseKey, identityKey, advSecret } = parseQr(qr);
    const { client, endsAtMs = 0 } = this.#refs.get(ref) ?? {};
    if (client === undefined) throw this.#unknown(ref);
    if (this.#context.now() >= endsAtMs) {
      throw new ZpwootError("INVALID_INPUT", "This QR code has expired: scan the newest one");
    }
    const { keys } = client;
    if (!sameBytes(keys.noiseKey, noiseKey) || !sameBytes(keys.identityKey, identityKey)) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "The keys in this QR code are not those its client registered with",
      );
    }
    // Awaited here, so that what it throws at once becomes a rejection.
    return await client.link(account, advSecret, options);
  }

  #unknown(ref: string): ZpwootError {
    return new ZpwootError(
      "INVALID_INPUT",
      this.#ended.has(ref)
        ? "This QR code is over: its client was linked already, or has closed the connection"
        : "The service never issued the reference of this QR code",
    );
  }
}
