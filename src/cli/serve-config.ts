/** The configuration of `zpwoot serve`: what a configuration file exports. */
import type { SnapshotsOption } from "../api/backup.js";
import type { ClusterOptions } from "../cluster/options.js";
import type { ClusterPlan } from "../cluster/ports.js";
import type { HttpHandlerOptions } from "../http/options.js";
import type { SessionManagerOptions } from "../manager/options.js";
import type { LibraryName, LogLevel } from "./setting-rules.js";

/**
 * The configuration of `zpwoot serve`: every option of a `SessionManager`, those of the HTTP handler under `http`, and those of the server
 * itself. Flags win over environment variables, and those over this.
 */
export interface ServeConfig extends Omit<SessionManagerOptions, "snapshots" | "cluster"> {
  /** Port to listen on; 0 for any free port. Default 3000. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** How much is logged, unless there is a `logger` of your own. Default `info`. */
  readonly logLevel?: LogLevel;
  /** The library, which you install beside zpwoot; `whatsapp.socketFactory` wins over it. `baileys` is Baileys 7. Default `whaileys`. */
  readonly library?: LibraryName;
  /** The origins whose pages may call the server from a browser, such as `https://app.example.com`; `*` for all. Default: none. */
  readonly corsOrigins?: "*" | readonly string[];
  /** File with the passphrase of snapshots and exports. Default: the variable `ZPWOOT_PASSPHRASE`. */
  readonly passphraseFile?: string;
  /** Encrypted snapshots of all sessions. The passphrase may be left out: see `passphraseFile`. */
  readonly snapshots?: Omit<SnapshotsOption, "passphrase"> & Partial<Pick<SnapshotsOption, "passphrase">>;
  /**
   * Shares the sessions of the store with the other nodes on it: true, the options of `cluster()`, or what it returns. The store must be
   * Postgres or Redis. Default false.
   */
  readonly cluster?: boolean | ClusterOptions | ClusterPlan;
  /** The options of the HTTP handler. Rate limits, a log line per request, `/health`, `/metrics` and `/docs` are on by default. */
  readonly http?: Omit<HttpHandlerOptions, "logger" | "metrics">;
}

/**
 * Gives a configuration file its types; returns what it is given.
 * @example
 * // zpwoot.config.mjs
 * import { baileys7, defineConfig } from "zpwoot";
 *
 * export default defineConfig({
 *   port: 8080,
 *   store: process.env.DATABASE_URL,
 *   whatsapp: { socketFactory: baileys7(() => import("baileys")), qrFormat: "url" },
 *   http: { trustProxy: "loopback", rateLimit: { perKey: 600 } },
 * });
 */
export function defineConfig(config: ServeConfig): ServeConfig {
  return config;
}

/** What applies where neither a flag nor a variable nor the file says something. */
export const SERVE_DEFAULTS = {
  port: 3000,
  host: "127.0.0.1",
  logLevel: "info",
  library: "whaileys",
  store: "lmdb:.zpwoot",
  http: { trustProxy: false, rateLimit: {}, logRequests: true, system: true },
} as const satisfies ServeConfig;
