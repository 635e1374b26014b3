import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import type { ManagerParts } from "../../src/manager/compose.js";
import { shutdown } from "../../src/manager/shutdown.js";

const never = new Promise<void>(() => {});

describe("stop", () => {
  it("takes two seconds at most when neither the sessions nor the store end", async () => {
    const warnings: string[] = [];
    const parts = {
      registry: { close: () => never, all: () => [{ stop: () => never }] },
      messages: { stop: () => never },
      backups: { stop: () => never },
      egresses: { close: () => {} },
      ownership: { release: () => never },
      publisher: { stop: () => never },
      store: { description: "redis://gone", close: () => never },
      logger: { ...SILENT, warn: (_fields: object, message: string) => void warnings.push(message) },
    } as unknown as ManagerParts;
    const startedAt = performance.now();
    await shutdown(parts);
    expect(performance.now() - startedAt).toBeLessThan(2_900);
    expect(warnings).toHaveLength(2);
  });
});
