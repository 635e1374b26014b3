import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { generateWebhookSecret, signatureHeaders } from "../../src/webhooks/signature.js";

const delivery = { id: "msg_1", body: '{"text":"olá 🌍"}' };

describe("a signature", () => {
  it("is accepted by the standard's own library, which gives the body", () => {
    const secret = generateWebhookSecret();
    const headers = { ...signatureHeaders([secret], delivery, new Date()) };
    expect(new Webhook(secret).verify(delivery.body, headers)).toEqual({ text: "olá 🌍" });
    expect(headers["webhook-id"]).toBe("msg_1");
  });

  it("has the bytes of the standard's own library, whatever the length and the characters", () => {
    for (let length = 0; length < 300; length += 1) {
      const secret = `whsec_${randomBytes(24 + (length % 41)).toString("base64")}`;
      const body = "é🌍\u0000a".repeat(length).slice(0, length).toWellFormed();
      const at = new Date(1_700_000_000_000 + length * 997);
      const { "webhook-signature": signature } = signatureHeaders(
        [secret],
        { id: `msg_${length}`, body },
        at,
      );
      expect(signature).toBe(new Webhook(secret).sign(`msg_${length}`, at, body));
    }
  });

  it.each([
    ["the body", `${delivery.body} `, {}],
    ["the id", delivery.body, { "webhook-id": "msg_2" }],
    ["the time", delivery.body, { "webhook-timestamp": String(Math.floor(Date.now() / 1000) + 60) }],
  ])("is refused when %s was changed", (_, body, headers) => {
    const secret = generateWebhookSecret();
    const signed = { ...signatureHeaders([secret], delivery, new Date()), ...headers };
    expect(() => new Webhook(secret).verify(body, signed)).toThrow();
  });

  it("is refused under another secret, and when the attempt is older than five minutes", () => {
    const secret = generateWebhookSecret();
    const now = { ...signatureHeaders([secret], delivery, new Date()) };
    const old = { ...signatureHeaders([secret], delivery, new Date(Date.now() - 6 * 60_000)) };
    expect(() => new Webhook(generateWebhookSecret()).verify(delivery.body, now)).toThrow();
    expect(() => new Webhook(secret).verify(delivery.body, old)).toThrow();
  });

  it("by two secrets is accepted by receivers that know either", () => {
    const secrets = [generateWebhookSecret(), generateWebhookSecret()];
    const headers = { ...signatureHeaders(secrets, delivery, new Date()) };
    for (const secret of secrets)
      expect(() => new Webhook(secret).verify(delivery.body, headers)).not.toThrow();
  });

  it.each(["whsec_not base64!", "whsec_", "", "whsec_YQ"])(
    "can't be made with the secret %j, and the error does not show it",
    (broken) => {
      expect(() => signatureHeaders([broken], delivery, new Date())).toThrow(/whsec_<base64>/);
      expect(() => signatureHeaders([broken], delivery, new Date())).not.toThrow(/not base64!|YQ/);
    },
  );
});

describe("a secret", () => {
  it("is whsec_ and 32 random bytes, another one each time", () => {
    const secrets = Array.from({ length: 100 }, generateWebhookSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_/);
      expect(Buffer.from(secret.slice(6), "base64")).toHaveLength(32);
    }
  });
});
