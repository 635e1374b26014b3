/** Where media goes when `whatsapp.mediaUrl` names a host, and where it goes without. */
import { describe, expect, it } from "vitest";
import { MediaHost } from "../../src/egress/media-host.js";
import { placeOf } from "../../src/egress/media-limits.js";
import { SessionManager } from "../../src/manager/session-manager.js";

const limits = { maxBytes: 1, allowPrivateSources: false };
const host = new MediaHost("http://127.0.0.1:3400");

describe("the place of media", () => {
  it.each([
    ["https://mmg.whatsapp.net/v/t62/x?ccb=1", "http://127.0.0.1:3400/v/t62/x?ccb=1"],
    ["https://media.fsao1-1.fna.whatsapp.net/v/x", "http://127.0.0.1:3400/v/x"],
    ["http://127.0.0.1:3400/v/x", "http://127.0.0.1:3400/v/x"],
  ])("is the host that is named, for WhatsApp's own: %s", (url, at) => {
    expect(placeOf(url, { ...limits, host })).toEqual({ url: at, allowPrivate: true });
  });

  it.each(["https://example.com/cat.jpg", "http://127.0.0.1:9/v/x", "https://whatsapp.net.example.com/v/x"])(
    "is its own for every other: %s",
    (url) => {
      expect(placeOf(url, { ...limits, host })).toEqual({ url, allowPrivate: false });
    },
  );

  it("is the host for every upload", () => {
    const place = placeOf("https://10.0.0.1/mms/image/h?auth=a", { ...limits, host }, { upload: true });
    expect(place).toEqual({ url: "http://127.0.0.1:3400/mms/image/h?auth=a", allowPrivate: true });
  });

  it("stays as it is when no host is named", () => {
    const url = "https://mmg.whatsapp.net/v/x";
    expect(placeOf(url, limits, { upload: true })).toEqual({ url, allowPrivate: false });
  });

  it("must be an http:// or https:// URL", () => {
    const open = (mediaUrl: string): SessionManager => new SessionManager({ whatsapp: { mediaUrl } });
    expect(() => open("ws://127.0.0.1:3400")).toThrow("whatsapp.mediaUrl must be an http:// or https:// URL");
  });
});
