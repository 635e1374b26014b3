import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Child } from "../support/child.js";
import { LIBRARIES } from "../support/libraries.js";

const SCRIPT = new URL("../support/secrets-child.ts", import.meta.url);

describe("a whole run, with the log at its most talkative", { timeout: 60_000 }, () => {
  it.each(LIBRARIES)(
    "tells no key, QR code, pairing code, API key, password or passphrase in any log line, print-out, event, webhook or answer: $name",
    async ({ name }) => {
      const folder = await mkdtemp(join(tmpdir(), "zpwoot-secrets-"));
      const file = join(folder, "secrets.json");
      const child = new Child(SCRIPT, [name, file]);
      try {
        // Not its end: Baileys 7 leaves timers of 30 s behind, one for each upload of pre-keys.
        await Promise.race([child.ended(50_000), until(child, /^done .*"Manager stopped"/ms)]);
        expect(child.output.slice(-3_000)).toContain("Manager stopped");
        const secrets = JSON.parse(await readFile(file, "utf8")) as string[];
        // Pre-keys alone are some hundreds.
        expect(secrets.length).toBeGreaterThan(500);
        expect(child.output.length).toBeGreaterThan(20_000);
        const told = secrets.filter((secret) => child.output.includes(secret));
        expect(told.map((secret) => around(child.output, secret))).toEqual([]);
      } finally {
        await child.end("SIGKILL");
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

/** Settles when the output matches. */
async function until(child: Child, pattern: RegExp): Promise<void> {
  await vi.waitFor(() => expect(child.output).toMatch(pattern), { timeout: 50_000, interval: 200 });
}

/** Where a secret stands; it is one of this run only. */
function around(output: string, secret: string): string {
  const at = output.indexOf(secret);
  return output.slice(Math.max(0, at - 150), at + 30);
}
