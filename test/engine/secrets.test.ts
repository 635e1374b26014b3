import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
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
        await child.ended(50_000);
        expect(child.exitCode, child.output.slice(-3_000)).toBe(0);
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

/** Where a secret stands; it is one of this run only. */
function around(output: string, secret: string): string {
  const at = output.indexOf(secret);
  return output.slice(Math.max(0, at - 150), at + 30);
}
