/**
 * Pictures of a product, uploaded before a library gets the product. The libraries upload the temporary file of a picture before it is
 * written to its end, and leave it behind, still open, when the upload fails.
 */
import { createHash, randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WhatsAppSocket } from "../library.js";
import { temporaryFolderError } from "./temporary-files.js";

/** Where WhatsApp keeps what was uploaded. */
const MEDIA_HOST = "https://mmg.whatsapp.net";
/** As the libraries have it for these pictures. */
const UPLOAD_MS = 30_000;

/** Uploads a picture; settles with its address, which a library passes on as it is. Rejects with `TEMP_UNAVAILABLE` and as the upload does. */
export async function uploadProductImage(
  picture: Buffer,
  upload: WhatsAppSocket["waUploadToServer"],
): Promise<{ readonly url: string }> {
  const path = join(tmpdir(), `zpwoot-product-${randomBytes(12).toString("hex")}`);
  try {
    // Others on this machine have no business with it.
    await writeFile(path, picture, { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
      throw temporaryFolderError(cause);
    });
    const fileEncSha256B64 = createHash("sha256").update(picture).digest("base64");
    const { directPath } = await upload(path, {
      mediaType: "product-catalog-image",
      fileEncSha256B64,
      timeoutMs: UPLOAD_MS,
    });
    return { url: `${MEDIA_HOST}${directPath}` };
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
