import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { frame, FrameReader } from "../../src/testing/wire/framing.js";

const intro = Buffer.from([0x57, 0x41, 6, 3]);

describe("framing", () => {
  it("returns the same payloads however the bytes are cut", () => {
    const payloads = [0, 1, 2, 300, 70_000].map((length) => randomBytes(length));
    const stream = Buffer.concat([intro, ...payloads.map(frame)]);
    for (let round = 0; round < 20; round += 1) {
      const reader = new FrameReader({ expectIntro: true });
      const seen: Buffer[] = [];
      for (let at = 0; at < stream.length;) {
        const size = round === 0 ? 1 : randomInt(1, 2000);
        seen.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(seen.map((payload) => payload.length)).toEqual(payloads.map((payload) => payload.length));
      expect(Buffer.concat(seen).equals(Buffer.concat(payloads))).toBe(true);
      expect(reader.intro?.dictionaryVersion).toBe(3);
    }
  });

  it("skips a routing prefix before the intro", () => {
    const routing = Buffer.from([0x45, 0x44, 0, 1, 0, 0, 5, 1, 2, 3, 4, 5]);
    const stream = Buffer.concat([routing, intro, frame(Buffer.from("hi"))]);
    const reader = new FrameReader({ expectIntro: true });
    const seen = [...stream].flatMap((byte) => reader.push(Buffer.of(byte)));
    expect(seen.map(String)).toEqual(["hi"]);
    expect(reader.intro?.bytes).toEqual(intro);
  });

  it("throws when the first bytes are no intro", () => {
    expect(() => new FrameReader({ expectIntro: true }).push(Buffer.from("GET / HTTP/1.1"))).toThrow(
      /intro/u,
    );
  });

  it("refuses to frame what is too long to announce", () => {
    expect(() => frame(Buffer.alloc(0x1000000))).toThrow(/at most/u);
  });
});
