/** Which client version the sockets announce, and whether they may: WhatsApp refuses versions that it calls outdated (405). */
import type { Agent } from "node:http";
import { SILENT, type Logger } from "../api/logger.js";
import { waitFor } from "../async/deadline.js";
import { once } from "../async/once.js";
import { isoTime } from "../async/timer.js";
import { readAll, sendRequest } from "../egress/http-request.js";
import { messageOf } from "../errors.js";
import { VersionBreaker, type StoredBreaker } from "./version-breaker.js";

/** A WhatsApp Web version: `[2, 3000, revision]`. */
export type WhatsAppVersion = readonly [number, number, number];

/**
 * Looks up the version to announce; resolves with undefined if it can't be found. `agent` is the proxy agent of the session that
 * asks, undefined for a direct connection.
 */
export type VersionResolver = (signal: AbortSignal, agent?: Agent) => Promise<WhatsAppVersion | undefined>;

/** Deadline of a look-up. */
const RESOLVE_MS = 10_000;
/** How long a connection waits for the first look-up. Later connections use its result. */
const FIRST_WAIT_MS = 2_000;
/** How long a version counts as current. WhatsApp Web changes several times a day and accepts versions for weeks. */
const FRESH_MS = 6 * 3_600_000;
/** Pause after a failed look-up. */
const RETRY_MS = 10 * 60_000;

/** The file of WhatsApp Web that contains its revision. */
const SERVICE_WORKER_URL = "https://web.whatsapp.com/sw.js";
/** The revision is written there as `\"client_revision\":1234567890`. */
const REVISION = /client_revision\\?":\s*(\d+)/;
/** The file has about a megabyte; anything far larger is refused. */
const LIMITS = { headersMs: RESOLVE_MS, idleMs: RESOLVE_MS, totalMs: RESOLVE_MS, maxBytes: 8_000_000 };

/** What a {@link ClientVersion} needs. */
export interface ClientVersionOptions {
  /** The initial version; undefined leaves it to the library. */
  readonly pinned?: WhatsAppVersion | undefined;
  /** Called before the first connection, when the version is old, and after a 405. Without it the first 405 opens the breaker. */
  readonly resolve?: VersionResolver | undefined;
  /** Keeps the last accepted version, and what the breaker knows, when the process ends. */
  readonly store?: ClientVersionStore | undefined;
  readonly now: () => number;
  /** Called when WhatsApp accepts a version again, so that waiting sessions can reconnect. */
  readonly onReopened: () => void;
  readonly logger?: Logger | undefined;
}

/** What outlives the process. */
export interface StoredClientVersion {
  /** The last version that WhatsApp accepted. */
  readonly version?: WhatsAppVersion | undefined;
  /** The open breaker. */
  readonly breaker?: StoredBreaker | undefined;
}

/** Persists it. Neither call rejects. */
export interface ClientVersionStore {
  load(): Promise<StoredClientVersion>;
  save(stored: StoredClientVersion): Promise<void>;
}

/** How long a session waits for the opened breaker to be durable. */
const SAVE_MS = 2_000;

/** The client version of all sessions of a manager. */
export class ClientVersion {
  readonly #options: ClientVersionOptions;
  readonly #logger: Logger;
  #version: WhatsAppVersion | undefined;
  #refreshing: Promise<void> | undefined;
  /** When to look it up again: ms since the epoch. */
  #staleAt = 0;
  #saved: WhatsAppVersion | undefined;
  readonly #breaker: VersionBreaker;

  constructor(options: ClientVersionOptions) {
    this.#options = options;
    this.#logger = options.logger ?? SILENT;
    this.#version = options.pinned;
    this.#breaker = new VersionBreaker(options.now);
  }

  /** Reads what outlived the process before, once: to be awaited before the first attempt. Never rejects. */
  readonly load = once(
    async () => {
      const { store, pinned, resolve } = this.#options;
      const { version, breaker } = (await store?.load()) ?? {};
      this.#saved = version;
      if (resolve !== undefined) this.#version ??= version;
      // Another version may pass. Where it is looked up, a probe or a person's command finds out.
      const isSame = resolve !== undefined || textOf(pinned) === textOf(breaker?.refused);
      if (breaker !== undefined && isSame) this.#breaker.restore(breaker);
    },
    { again: "never" },
  );

  /** The version to announce; undefined for the library's own. */
  get version(): WhatsAppVersion | undefined {
    return this.#version;
  }

  /**
   * Settles when a version is known, or the look-up failed. Waits for a look-up only while no version is known, or only a refused
   * one, for two seconds at most; an old version is renewed in the background. Never rejects.
   */
  async resolve(agent: Agent | undefined): Promise<void> {
    if (this.#options.resolve === undefined) return;
    await this.load();
    if (this.#options.now() < this.#staleAt) return;
    const refreshed = this.refresh(agent);
    if (this.#version === undefined || this.#breaker.isOpen)
      await waitFor(refreshed, { timeoutMs: FIRST_WAIT_MS });
  }

  /**
   * Looks up the current version through a session's agent; concurrent calls share one look-up. If it fails, the last version stays.
   * Never rejects.
   */
  refresh(agent?: Agent): Promise<void> {
    this.#refreshing ??= this.#refresh(agent).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /**
   * Opens the breaker, if it is closed. Settles, when that is durable or the store is slow, with the time of the next probe, in ms
   * since the epoch. Never rejects.
   */
  async trip(): Promise<number> {
    if (!this.#breaker.isOpen) {
      const probeAt = this.#breaker.open(this.#version);
      const fields = { version: textOf(this.#version), probeAt: isoTime(probeAt) };
      this.#logger.warn(
        fields,
        "WhatsApp refuses the client version as outdated; sessions wait until a probe with it or a newer one succeeds",
      );
      await waitFor(this.#save(), { timeoutMs: SAVE_MS });
    }
    return this.#breaker.probeAt;
  }

  /**
   * Returns when the breaker may be retried (ms since the epoch), or undefined if it is closed. The first caller after that time
   * becomes the probe.
   */
  heldUntil(): number | undefined {
    const wasOpen = this.#breaker.isOpen;
    const held = this.#breaker.heldUntil();
    if (wasOpen && held === undefined) void this.#save();
    return held;
  }

  /** A person asks for a connection: after a restart, which may have brought another version, the next attempt is the probe. */
  overrule(): void {
    this.#breaker.overrule();
  }

  /** Reports that WhatsApp accepted the version: saves it and closes the breaker. */
  accepted(): void {
    const version = this.#version;
    const isNew = version !== undefined && version !== this.#saved && this.#options.resolve !== undefined;
    if (isNew) this.#saved = version;
    const reopened = this.#breaker.close();
    if (isNew || reopened) void this.#save();
    if (!reopened) return;
    this.#logger.info({ version: textOf(version) }, "WhatsApp accepts the client version again");
    this.#options.onReopened();
  }

  async #save(): Promise<void> {
    await this.#options.store?.save({ version: this.#saved, breaker: this.#breaker.stored });
  }

  async #refresh(agent: Agent | undefined): Promise<void> {
    const { resolve, now } = this.#options;
    this.#staleAt = now() + RETRY_MS;
    try {
      const found = await this.#lookUp(resolve, agent);
      if (found === undefined) return;
      this.#staleAt = now() + FRESH_MS;
      const [version, previous] = [textOf(found), textOf(this.#version)];
      this.#version = found;
      if (version !== previous) this.#logger.info({ version, previous }, "client version refreshed");
    } catch (error) {
      this.#logger.info(
        { error: messageOf(error), version: textOf(this.#version) },
        "client version could not be looked up; the last one stays",
      );
    }
  }

  /** Has a deadline of its own, because a custom resolver may ignore the signal. */
  async #lookUp(
    resolve: VersionResolver | undefined,
    agent: Agent | undefined,
  ): Promise<WhatsAppVersion | undefined> {
    const signal = AbortSignal.timeout(RESOLVE_MS);
    const result = await waitFor(Promise.resolve(resolve?.(signal, agent)), { signal });
    return result.by === "value" ? result.value : undefined;
  }
}

/** For log lines: `2.3000.1234567890`. */
function textOf(version: readonly number[] | undefined): string | undefined {
  return version?.join(".");
}

/** Reads the current version from WhatsApp Web itself. Rejects if the file can't be fetched. */
export async function resolveWhatsAppWebVersion(
  signal: AbortSignal,
  agent?: Agent,
): Promise<WhatsAppVersion | undefined> {
  const answer = await sendRequest({
    ...{ url: SERVICE_WORKER_URL, headers: { accept: "text/javascript" }, agent, signal, limits: LIMITS },
    allowPrivate: false,
  });
  const text = (await readAll(answer)).toString();
  const revision = answer.status === 200 ? REVISION.exec(text)?.[1] : undefined;
  return revision === undefined ? undefined : [2, 3000, Number(revision)];
}
