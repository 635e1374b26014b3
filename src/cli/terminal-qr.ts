/** QR codes for a terminal. */
import { toString } from "qrcode";

/** The code drawn with half blocks, about 33 columns wide per 60 characters; ends without a newline. */
export async function terminalQR(value: string): Promise<string> {
  const drawn = await toString(value, { type: "terminal", small: true, errorCorrectionLevel: "L" });
  return drawn.trimEnd();
}
