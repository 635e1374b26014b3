import { createCipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { withHistoryGate } from "../../src/whatsapp/libraries/history-gate.js";
import { deflatedZeros } from "../support/deflated-zeros.js";

const MIB = 1024 * 1024;
const BOMB = deflatedZeros(2048 * MIB);
const SMALL = deflateSync(Buffer.from("some chats"));
const MOVED = "/v/t62/moved";
const PATH = "/v/t62/part?ccb=1&oh=x";

interface Handler {
  onHeaders(status: number, headers: Buffer[]): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: []): void;
}

/** A part of the history as the phone stores it. */
function stored(deflated: Buffer, key: Buffer): Buffer {
  const keys = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), "WhatsApp History Keys", 112));
  const [iv, cipherKey, macKey] = [keys.subarray(0, 16), keys.subarray(16, 48), keys.subarray(48, 80)];
  const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
  const sealed = Buffer.concat([cipher.update(deflated), cipher.final()]);
  const mac = createHmac("sha256", macKey).update(iv).update(sealed).digest().subarray(0, 10);
  return Buffer.concat([sealed, mac]);
}

/** A gate in front of a media host that has one file. */
function gate(file: Buffer) {
  const refused: string[] = [];
  /** Paths whose responses began. */
  const heads: string[] = [];
  const dispatcher = {
    dispatch: ({ path }: { path: string }, handler: Handler) => {
      const location =
        path === MOVED ? [Buffer.from("Location"), Buffer.from(`https://mmg.whatsapp.net${PATH}`)] : [];
      handler.onHeaders(location.length > 0 ? 302 : 200, location);
      handler.onData(file.subarray(0, 10));
      handler.onData(file.subarray(10));
      handler.onComplete([]);
      return true;
    },
  };
  const { shouldSyncHistoryMessage, options } = withHistoryGate(
    { shouldSyncHistoryMessage: ({ syncType }) => Number(syncType) !== 2, options: { dispatcher } },
    (text) => void refused.push(text),
  );
  const wanted = (notification: object): boolean | undefined => shouldSyncHistoryMessage?.(notification);
  const download = (path: string): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      (
        options as { dispatcher: { dispatch: (request: object, handler: object) => void } }
      ).dispatcher.dispatch(
        { origin: "https://mmg.whatsapp.net", path, method: "GET" },
        {
          onConnect: () => {},
          onHeaders: () => heads.push(path) > 0,
          onData: (chunk: Buffer) => chunks.push(chunk) > 0,
          onComplete: () => resolve(Buffer.concat(chunks)),
          onError: reject,
        },
      );
    });
  return { wanted, download, refused, heads };
}

describe("history of a library that inflates without a bound", () => {
  const mediaKey = randomBytes(32);

  it("is taken from its notification if it is small, and refused if it becomes 2 GiB", () => {
    const { wanted, refused } = gate(Buffer.alloc(0));
    expect(wanted({ syncType: 3 })).toBe(true);
    expect(wanted({ syncType: 3, initialHistBootstrapInlinePayload: SMALL })).toBe(true);
    expect(wanted({ syncType: 2, initialHistBootstrapInlinePayload: SMALL })).toBe(false);
    expect(refused).toEqual([]);
    const rss = process.memoryUsage().rss;
    expect(wanted({ syncType: 3, initialHistBootstrapInlinePayload: BOMB })).toBe(false);
    expect(process.memoryUsage().rss - rss).toBeLessThan(300 * MIB);
    expect(refused).toEqual(["a part of the history was refused: it has more than 134217728 bytes"]);
  });

  it("is passed on as it is stored, if it is small", async () => {
    const file = stored(SMALL, mediaKey);
    const { wanted, download, refused } = gate(file);
    expect(wanted({ syncType: 3, directPath: PATH, mediaKey })).toBe(true);
    expect(await download(PATH)).toEqual(file);
    expect(refused).toEqual([]);
  });

  it("is not passed on if it becomes 2 GiB, or is not what was announced", async () => {
    const rss = process.memoryUsage().rss;
    const { wanted, download, refused, heads } = gate(stored(BOMB, mediaKey));
    wanted({ syncType: 3, directPath: PATH, mediaKey });
    await expect(download(PATH)).rejects.toThrow("it has more than 134217728 bytes");
    wanted({ syncType: 3, directPath: PATH, mediaKey: randomBytes(32) });
    await expect(download(PATH)).rejects.toThrow("it is not what the phone announced");
    wanted({ syncType: 3, directPath: MOVED, mediaKey });
    await download(MOVED);
    await expect(download(PATH)).rejects.toThrow("it has more than");
    expect(refused).toHaveLength(3);
    // A body that breaks off after its status would end the process.
    expect(heads).toEqual([MOVED]);
    expect(process.memoryUsage().rss - rss).toBeLessThan(300 * MIB);
  });

  it("does not touch other downloads", async () => {
    const file = randomBytes(1_000);
    expect(await gate(file).download("/v/t62/image")).toEqual(file);
  });
});
