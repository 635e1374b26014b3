import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { nodeArgs } from "../support/compiled.js";
import { TlsFront } from "../support/tls-front.js";
import { postgresTable, redisNamespace, withPostgres, withRedis } from "./services.js";

const CHILD = new URL("../support/tls-child.ts", import.meta.url);

/** Opens the store in a process that trusts the authority, or does not. */
async function use(url: URL, authority: string | undefined): Promise<{ read?: string; failed?: string }> {
  const env = { ...process.env, ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority }) };
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs(CHILD), url.href], {
    env,
  });
  return JSON.parse(stdout) as { read?: string; failed?: string };
}

function targetOf(url: URL, port: number): { host: string; port: number } {
  return { host: url.hostname, port: Number(url.port || port) };
}

await withPostgres(() => {
  describe.concurrent("Postgres over TLS", { timeout: 30_000 }, () => {
    it("is used with sslmode=verify-full, and refused when its certificate is not trusted", async () => {
      const place = postgresTable();
      const url = new URL(place.url);
      await using front = await TlsFront.start(targetOf(url, 5_432), { negotiated: true });
      url.hostname = "localhost";
      url.port = String(front.port);
      url.searchParams.set("sslmode", "verify-full");
      expect(await use(url, front.authority)).toEqual({ read: "over TLS" });
      const { secured } = front;
      expect(secured).toBeGreaterThan(0);
      expect((await use(url, undefined)).failed).toMatch(/self-signed certificate/);
      url.searchParams.set("sslrootcert", front.authority);
      expect(await use(url, undefined)).toEqual({ read: "over TLS" });
      await place.dispose();
    });
  });
});

await withRedis(() => {
  describe.concurrent("Redis over TLS", { timeout: 30_000 }, () => {
    it("is used by a rediss: URL, and refused when its certificate is not trusted", async () => {
      const place = await redisNamespace();
      const url = new URL(place.url.replace(/^redis:/, "rediss:"));
      await using front = await TlsFront.start(targetOf(new URL(place.url), 6_379), { negotiated: false });
      url.hostname = "localhost";
      url.port = String(front.port);
      expect(await use(url, front.authority)).toEqual({ read: "over TLS" });
      expect(front.secured).toBeGreaterThan(0);
      expect((await use(url, undefined)).failed).toMatch(/self-signed certificate/);
      await place.dispose();
    });
  });
});
