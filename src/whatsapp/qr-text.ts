/** The text of a linking QR code, in the two forms there are (whatsapp-protocol.md sections 3 and 13). */

/** See `WhatsAppOptions.qrFormat`. */
export type QRFormat = "bare" | "url";

const URL_START = "https://wa.me/settings/linked_devices#";
/** Fields of the bare form: reference, noise key, identity key, secret. */
const BARE_FIELDS = 4;
const SECRET_FIELD = 3;

/** The kinds of companion that WhatsApp tells apart, by the browser's name; whatever else is 9. */
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

/** How a QR code is to be written. */
export interface QRStyle {
  readonly format: QRFormat;
  /** System, browser, system version: what the companion calls itself. */
  readonly browser: readonly [string, string, string];
  /** In place of the one the library drew. */
  readonly secret?: string | undefined;
}

/** A QR code as a library drew it, in either form, in the form that is wanted. */
export function styledQR(drawn: string, { format, browser, secret }: QRStyle): string {
  const text = drawn.startsWith(URL_START) ? drawn.slice(URL_START.length) : drawn;
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
