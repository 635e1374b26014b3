/** Draws QR codes for pages, files and terminals. */
import { createRequire } from "node:module";
import type * as QRCode from "qrcode";

const require = createRequire(import.meta.url);

/** The formats of {@link drawQRCode}. */
export const QR_IMAGE_FORMATS = ["png", "svg", "dataurl", "terminal"] as const;

/** A format of {@link drawQRCode}. */
export type QRImageFormat = (typeof QR_IMAGE_FORMATS)[number];

/** As WhatsApp's own page draws its codes: they are dense, so the lowest error correction, with a margin of four modules. */
const DRAWING = { errorCorrectionLevel: "L", margin: 4 } as const;
const PNG_WIDTH = 512;

/**
 * Draws the text of a QR code, from `getQRCode` or the event `session.qr`: `png` returns bytes (512 pixels wide), `svg` markup,
 * `dataurl` a PNG for the `src` of an `img`, `terminal` a text of half blocks to print.
 *
 * @example
 * manager.on("session.qr", async ({ value }) => console.log(await drawQRCode(value, "terminal")));
 */
export async function drawQRCode(value: string, format: "png"): Promise<Buffer>;
export async function drawQRCode(value: string, format: Exclude<QRImageFormat, "png">): Promise<string>;
export async function drawQRCode(value: string, format: QRImageFormat): Promise<string | Buffer>;
export async function drawQRCode(value: string, format: QRImageFormat): Promise<string | Buffer> {
  // Loaded with the first code: most programs that import this draw none.
  const { toBuffer, toDataURL, toString } = require("qrcode") as typeof QRCode;
  switch (format) {
    case "png":
      return toBuffer(value, { ...DRAWING, width: PNG_WIDTH });
    case "svg":
      return toString(value, { ...DRAWING, type: "svg" });
    case "dataurl":
      return toDataURL(value, { ...DRAWING, width: PNG_WIDTH });
    case "terminal":
      return (await toString(value, { type: "terminal", small: true, errorCorrectionLevel: "L" })).trimEnd();
  }
}
