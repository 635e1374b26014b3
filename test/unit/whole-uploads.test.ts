import { randomBytes } from "node:crypto";
import { stat, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const require = createRequire(import.meta.url);

interface Media {
  encryptedStream(
    media: Buffer,
    type: string,
  ): Promise<{ encFilePath: string; originalFilePath: string; fileLength: number }>;
}

describe("media that is to be uploaded", () => {
  it.each([0, 15, 16, 100_000, 8_000_000])(
    "of %i bytes is whole on the disk before the upload begins",
    async (length) => {
      loadWhaileys();
      const media = require("whaileys/lib/Utils/messages-media") as Media;
      const { encFilePath, originalFilePath, fileLength } = await media.encryptedStream(
        randomBytes(length),
        "document",
      );
      try {
        expect(fileLength).toBe(length);
        expect((await stat(encFilePath)).size).toBe((Math.floor(length / 16) + 1) * 16 + 10);
      } finally {
        await Promise.all([rm(encFilePath, { force: true }), rm(originalFilePath, { force: true })]);
      }
    },
  );
});
