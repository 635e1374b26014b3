import { describe, expect, it } from "vitest";
import { optionalPackage } from "../../src/store/drivers/optional-package.js";

/** A variable, so that the compiler does not resolve it. */
const NOWHERE: string = "@keyv/nowhere";

describe("a package that only some stores need", () => {
  it("is named, with the way to install it, when it is missing", async () => {
    const missing = optionalPackage("@keyv/nowhere", "Nowhere", () => import(NOWHERE));
    await expect(missing).rejects.toMatchObject({
      code: "MISSING_PACKAGE",
      message: expect.stringContaining("npm install @keyv/nowhere"),
    });
  });

  it("passes on the error of a package that fails to load", async () => {
    const broken = optionalPackage("@keyv/broken", "Broken", () => Promise.reject(new TypeError("inside")));
    await expect(broken).rejects.toThrow(TypeError);
  });
});
