import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { WEBHOOK_DEFAULTS, webhookLimits, type WebhookOptions } from "../../src/webhooks/options.js";

function problems(options: object): readonly string[] {
  try {
    webhookLimits(options);
    return [];
  } catch (error) {
    if (!isZpwootError(error, "INVALID_OPTION")) throw error;
    return error.details;
  }
}

describe("the options of webhooks", () => {
  it("all have a default, and an undefined one counts as not given", () => {
    expect(webhookLimits()).toEqual(WEBHOOK_DEFAULTS);
    expect(webhookLimits({ timeoutMs: undefined } as unknown as WebhookOptions)).toEqual(WEBHOOK_DEFAULTS);
    expect(webhookLimits({ maxQueued: 5 })).toEqual({ ...WEBHOOK_DEFAULTS, maxQueued: 5 });
  });

  it.each([0, -1, 1.5, NaN, Infinity, "10", null])("refuse a number of %j", (value) => {
    expect(problems({ maxQueued: value })).toEqual(["webhooks.maxQueued must be a whole number above 0"]);
  });

  it("refuse a time-out that a timer can't hold, since it would be over at once", () => {
    expect(problems({ timeoutMs: 2 ** 31 })).toEqual(["webhooks.timeoutMs must be at most 2147483647"]);
    expect(problems({ timeoutMs: 2 ** 31 - 1 })).toEqual([]);
  });

  it("are named one by one in the error, the misspelt ones too", () => {
    expect(problems({ timeoutMS: 1, maxFailed: 0, allowPrivateTargets: "yes" })).toEqual([
      "webhooks.allowPrivateTargets must be true or false",
      "webhooks.maxFailed must be a whole number above 0",
      "webhooks.timeoutMS is not an option (did you mean timeoutMs?)",
    ]);
  });
});
