import { describe, expect, it } from "vitest";
import { SILENT, type Logger } from "../../src/api/logger.js";
import { SessionManager } from "../../src/manager/session-manager.js";

/** The lines of a manager's own doings, at info and above. */
function recording(): { readonly logger: Logger; readonly lines: [string, object][] } {
  const lines: [string, object][] = [];
  const add = (fields: object, message: string): void => void lines.push([message, fields]);
  return { logger: { ...SILENT, info: add, warn: add, error: add }, lines };
}

describe("the log of a manager", () => {
  it("has a line for each thing that it did, and no secret in any", async () => {
    const { logger, lines } = recording();
    const manager = new SessionManager({ store: "memory:", logger, whatsapp: { allowPrivateProxies: true } });
    await manager.start();
    const { id, webhookSecret } = await manager.create({ name: "a", webhookUrl: "https://example.com/hook" });
    await manager.update(id, {
      webhook: { headers: { authorization: "Bearer hidden" } },
      proxy: { host: "127.0.0.1", port: 1, username: "user", password: "hidden" },
    });
    const { id: keyId, key } = await manager.apiKeys.create({ name: "k", role: "viewer" });
    await manager.apiKeys.revoke(keyId);
    await manager.stop();

    expect(
      lines.filter(([message]) => /^(Manager|Session (created|updated)|Sessions|API key)/.test(message)),
    ).toEqual([
      ["Sessions loaded", { store: "memory:", sessions: 0 }],
      ["Manager started", { sessions: 0, restored: 0, resting: 0 }],
      ["Session created", { sessionId: id, name: "a" }],
      ["Session updated", { sessionId: id, changed: ["webhook", "proxy"] }],
      ["API key created", { keyId, role: "viewer", sessions: undefined }],
      ["API key revoked", { keyId }],
      ["Manager stops", { sessions: 1 }],
      ["Manager stopped", {}],
    ]);
    const text = JSON.stringify(lines);
    for (const secret of [webhookSecret ?? "", key, "hidden"]) expect(text).not.toContain(secret);
  });
});
