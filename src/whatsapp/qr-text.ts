/** The text of a linking QR code in its two formats, bare and URL (docs/protocol.md#linking-by-qr-code). */

/** `bare`: four fields with commas between them; `url`: the same and a fifth field in a wa.me link. See `WhatsAppOptions.qrFormat`. */
export type QRFormat = "bare" | "url";

const URL_START = "https://wa.me/settings/linked_devices#";
/** Fields of the bare form: reference, noise key, identity key, secret. */
const BARE_FIELDS = 4;
const SECRET_FIELD = 3;

/** WhatsApp's numbers for the kinds of companion, by browser name. */
const CLIENT_KINDS: Readonly<Record<string, number>> = {
  Chrome: 1,
  Edge: 2,
  Firefox: 3,
  IE: 4,
  Opera: 5,
  Safari: 6,
};
const ELECTRON = 7;
const WINDOWS_APP = 8;
const OTHER = 9;

/** How to write a QR code. */
export interface QRStyle {
  readonly format: QRFormat;
  /** Operating system, browser and version that the companion presents itself as. */
  readonly browser: readonly [string, string, string];
  /** Replaces the adv secret in the library's QR code. */
  readonly secret?: string | undefined;
}

/** Rewrites the text of a library's QR code, which may be in either format, in the given style. */
export function styleQR(original: string, { format, browser, secret }: QRStyle): string {
  const text = original.startsWith(URL_START) ? original.slice(URL_START.length) : original;
  const fields = text.split(",");
  if (secret !== undefined) fields[SECRET_FIELD] = secret;
  const bare = fields.slice(0, BARE_FIELDS);
  if (format === "bare") return bare.join(",");
  return `${URL_START}${[...bare, fields[BARE_FIELDS] ?? clientKind(browser)].join(",")}`;
}

function clientKind([system, browser]: QRStyle["browser"]): number {
  if (browser === "Desktop") return system === "Windows" ? WINDOWS_APP : ELECTRON;
  return CLIENT_KINDS[browser] ?? OTHER;
}
