import { describe, expect, it } from "vitest";
import { styleQR } from "../../src/whatsapp/qr-text.js";

const BARE = "2@ref,noise,identity,secret";
const URL_FORM = "https://wa.me/settings/linked_devices#2@ref,noise,identity,secret,1";
const browser = ["Windows", "Chrome", "10.0"] as const;

describe("the text of a QR code", () => {
  it.each([BARE, URL_FORM])("is written in either form, from %s", (drawn) => {
    expect(styleQR(drawn, { format: "bare", browser })).toBe(BARE);
    expect(styleQR(drawn, { format: "url", browser })).toBe(URL_FORM);
  });

  it("gets another secret in either form", () => {
    expect(styleQR(BARE, { format: "bare", browser, secret: "new" })).toBe("2@ref,noise,identity,new");
    expect(styleQR(URL_FORM, { format: "url", browser, secret: "new" })).toBe(
      "https://wa.me/settings/linked_devices#2@ref,noise,identity,new,1",
    );
  });

  it.each([
    [["Windows", "Edge", "10.0"], "2"],
    [["Mac OS", "Safari", "14"], "6"],
    [["Mac OS", "Desktop", "14"], "7"],
    [["Windows", "Desktop", "10"], "8"],
    [["Ubuntu", "Konqueror", "5"], "9"],
  ] as const)("names the kind of client that %j is", (named, kind) => {
    expect(styleQR(BARE, { format: "url", browser: named }).split(",")[4]).toBe(kind);
  });
});
