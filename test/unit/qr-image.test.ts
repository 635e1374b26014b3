import { describe, expect, it } from "vitest";
import { drawQRCode } from "../../src/index.js";

const VALUE = `2@${"A".repeat(130)},${"B".repeat(43)}=,${"C".repeat(43)}=,${"D".repeat(43)}=`;

describe("a QR code", () => {
  it("is drawn as PNG, SVG, data URL and for a terminal", async () => {
    const png = await drawQRCode(VALUE, "png");
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    // Width and height stand in the first chunk.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([512, 512]);
    expect(await drawQRCode(VALUE, "svg")).toMatch(/^<svg /u);
    const url = await drawQRCode(VALUE, "dataurl");
    expect(Buffer.from(url.replace("data:image/png;base64,", ""), "base64").equals(png)).toBe(true);
    const lines = (await drawQRCode(VALUE, "terminal")).split("\n");
    expect(lines.length).toBeGreaterThan(20);
  });
});
