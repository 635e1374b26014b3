/** The QR codes of one connection: which one is shown, until when, and with which secret. */
import { randomBytes } from "node:crypto";
import type { LinkingLimits } from "./limits.js";
import type { Credentials } from "../../whatsapp/library.js";
import type { QRCode } from "../state.js";
import { styleQR, type QRStyle } from "../../whatsapp/qr-text.js";

/** How long WhatsApp honours the first QR code and each one after it (whatsapp-protocol.md section 3). */
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;
/** How many a connection is given. */
const QR_COUNT = 6;
/** Size of the secret that a link is sealed with. */
const ADV_SECRET_BYTES = 32;

/** What an offer is made from. */
export interface QROfferOptions {
  readonly link: LinkingLimits;
  readonly style: Pick<QRStyle, "format" | "browser">;
  /** The library's setting; undefined for WhatsApp's own times. */
  readonly qrTimeoutMs: number | undefined;
  readonly now: () => number;
}

/** See the file. */
export class QRCodes {
  readonly #options: QROfferOptions;
  #current: QRCode | undefined;
  #firstAt: number | undefined;
  /** Codes that the library drew. */
  #drawn = 0;
  #rotated = false;

  constructor(options: QROfferOptions) {
    this.#options = options;
  }

  /** The newest, undefined before the first and after {@link end}. */
  get current(): QRCode | undefined {
    return this.#current;
  }

  /** When the codes of this connection, and with them a pairing code, run out: ms since the epoch; undefined before the first. */
  get endsAt(): number | undefined {
    if (this.#firstAt === undefined) return undefined;
    const { link, qrTimeoutMs } = this.#options;
    const count = this.#drawn + Math.min(QR_COUNT - this.#drawn, link.qrsLeft);
    const first = qrTimeoutMs ?? FIRST_QR_MS;
    const next = qrTimeoutMs ?? NEXT_QR_MS;
    return Math.min(this.#firstAt + first + (count - 1) * next, link.endsAt);
  }

  /** The library drew another one. Gives it as it is shown; undefined when no more may be shown. */
  draw(drawn: string, creds: Credentials): QRCode | undefined {
    const { now, link, qrTimeoutMs } = this.#options;
    if (!link.takeQR()) return undefined;
    this.#drawn += 1;
    const lifetimeMs = qrTimeoutMs ?? (this.#firstAt === undefined ? FIRST_QR_MS : NEXT_QR_MS);
    this.#firstAt ??= now();
    const expiresAt = Math.min(now() + lifetimeMs, link.endsAt);
    this.#current = { value: this.#styled(drawn, creds), seq: (this.#current?.seq ?? 0) + 1, expiresAt };
    return this.#current;
  }

  /**
   * WhatsApp retired the secret in the code (`companion_reg_refresh`, since July 2026): puts a new one into the credentials, and draws the
   * current code anew with it, for as long as that has left. Gives it; undefined when none is shown.
   */
  rotate(creds: Credentials): QRCode | undefined {
    creds.advSecretKey = randomBytes(ADV_SECRET_BYTES).toString("base64");
    this.#rotated = true;
    const before = this.#current;
    if (before === undefined) return undefined;
    const value = this.#styled(before.value, creds);
    this.#current = { value, seq: before.seq + 1, expiresAt: before.expiresAt };
    return this.#current;
  }

  /** Nothing is shown any more. */
  end(): void {
    this.#current = undefined;
  }

  /** In the form that is wanted. The library draws with the secret that the connection began with. */
  #styled(drawn: string, creds: Credentials): string {
    const secret = this.#rotated ? creds.advSecretKey : undefined;
    return styleQR(drawn, { ...this.#options.style, secret });
  }
}
