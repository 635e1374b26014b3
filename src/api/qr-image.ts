/** A QR code in the forms that screens want. */
import { toBuffer, toDataURL, toString } from "qrcode";

/** The forms; see {@link drawQRCode}. */
export const QR_IMAGE_FORMATS = ["png", "svg", "dataurl", "terminal"] as const;

/** A form of a drawn QR code. */
export type QRImageFormat = (typeof QR_IMAGE_FORMATS)[number];

/** WhatsApp's codes are dense: four modules of white around them and the lowest correction, as its own page draws them. */
const DRAWING = { errorCorrectionLevel: "L", margin: 4 } as const;
const PNG_WIDTH = 512;

/**
 * Draws a QR code, as `getQRCode` or the event `session.qr` gives it: `png` as bytes (512 pixels wide), `svg` as markup, `dataurl` as a PNG
 * that an `img` takes, `terminal` with half blocks, to be printed.
 */
export async function drawQRCode(value: string, format: "png"): Promise<Buffer>;
export async function drawQRCode(value: string, format: Exclude<QRImageFormat, "png">): Promise<string>;
export async function drawQRCode(value: string, format: QRImageFormat): Promise<string | Buffer>;
export async function drawQRCode(value: string, format: QRImageFormat): Promise<string | Buffer> {
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
