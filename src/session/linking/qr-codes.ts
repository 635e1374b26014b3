/** The QR codes of one connection: which one is shown, until when, and with which secret. */
import { randomBytes } from "node:crypto";
import type { BaileysEventMap } from "whaileys";
import type { Credentials } from "../../whatsapp/library.js";
import { styleQR, type QRStyle } from "../../whatsapp/qr-text.js";
import type { QRCode } from "../state.js";
import type { LinkingLimits } from "./limits.js";

/** How long WhatsApp accepts the first QR code, and each one after it (docs/protocol.md). */
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;
/** How many codes WhatsApp provides per connection. */
const QR_COUNT = 6;
/** Size of the secret that a link is sealed with. */
const ADV_SECRET_BYTES = 32;

/** What {@link QRCodes} are made from. */
export interface QRCodesOptions {
  readonly limits: LinkingLimits;
  readonly style: Pick<QRStyle, "format" | "browser">;
  /** The library's setting; undefined for WhatsApp's own times. */
  readonly qrTimeoutMs: number | undefined;
  readonly now: () => number;
}

/** The codes of one connection, counted against the limits of the session. */
export class QRCodes {
  readonly #options: QRCodesOptions;
  #current: QRCode | undefined;
  #firstAt: number | undefined;
  /** Codes that the library drew. */
  #drawn = 0;
  #secretRenewed = false;

  constructor(options: QRCodesOptions) {
    this.#options = options;
  }

  /** The newest, undefined before the first and after {@link end}. */
  get current(): QRCode | undefined {
    return this.#current;
  }

  /** When the codes of this connection, and with them a pairing code, run out: ms since the epoch; undefined before the first. */
  get endsAt(): number | undefined {
    if (this.#firstAt === undefined) return undefined;
    const { limits, qrTimeoutMs } = this.#options;
    const count = this.#drawn + Math.min(QR_COUNT - this.#drawn, limits.qrsLeft);
    const first = qrTimeoutMs ?? FIRST_QR_MS;
    const next = qrTimeoutMs ?? NEXT_QR_MS;
    return Math.min(this.#firstAt + first + (count - 1) * next, limits.endsAt);
  }

  /** The library drew another code. Returns it as it is shown, or undefined when no more may be shown. */
  draw(drawn: string, creds: Credentials): QRCode | undefined {
    const { now, limits, qrTimeoutMs } = this.#options;
    if (!limits.takeQR()) return undefined;
    this.#drawn += 1;
    const lifetimeMs = qrTimeoutMs ?? (this.#firstAt === undefined ? FIRST_QR_MS : NEXT_QR_MS);
    this.#firstAt ??= now();
    const expiresAt = Math.min(now() + lifetimeMs, limits.endsAt);
    this.#current = { value: this.#styled(drawn, creds), seq: (this.#current?.seq ?? 0) + 1, expiresAt };
    return this.#current;
  }

  /**
   * WhatsApp retired the secret in the code (`companion_reg_refresh`, since July 2026): puts a new one into the credentials and
   * redraws the current code with it, expiring when the old one would. Returns that code, or undefined when none is shown.
   */
  renewSecret(creds: Credentials): QRCode | undefined {
    creds.advSecretKey = randomBytes(ADV_SECRET_BYTES).toString("base64");
    this.#secretRenewed = true;
    const before = this.#current;
    if (before === undefined) return undefined;
    const value = this.#styled(before.value, creds);
    this.#current = { value, seq: before.seq + 1, expiresAt: before.expiresAt };
    return this.#current;
  }

  /** The account is linked, or linking ended: no code is shown. */
  end(): void {
    this.#current = undefined;
  }

  /** In the configured form. The library draws with the secret that the connection began with. */
  #styled(drawn: string, creds: Credentials): string {
    const secret = this.#secretRenewed ? creds.advSecretKey : undefined;
    return styleQR(drawn, { ...this.#options.style, secret });
  }
}

/** The library's update with the code that is shown: the library may draw with a retired secret, in another form, or after the link. */
export function withShownQR(
  update: BaileysEventMap["connection.update"],
  shown: QRCode | undefined,
): BaileysEventMap["connection.update"] {
  if (typeof update.qr !== "string") return update;
  const { qr: _drawn, ...rest } = update;
  return shown === undefined ? rest : { ...rest, qr: shown.value };
}
