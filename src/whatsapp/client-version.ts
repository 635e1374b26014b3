/**
 * Which client version the sockets announce, and the process-wide breaker for the day WhatsApp refuses it (405): one
 * probe at a time instead of every session knocking (engine.md section 2).
 */
import { once } from "node:events";
import type { Agent, IncomingMessage } from "node:http";
import { get } from "node:https";

/** A WhatsApp Web version: `[2, 3000, revision]`. */
export type WhatsAppVersion = readonly [number, number, number];

/** Finds the version to announce; undefined when it can't be known. `agent` is the way out of the session that asks; undefined: direct. */
export type VersionResolver = (signal: AbortSignal, agent?: Agent) => Promise<WhatsAppVersion | undefined>;

/** How long finding the version may take. */
const RESOLVE_MS = 10_000;
/** How long a connection waits for it, and only when none was found before; the next one has it. */
const WAIT_MS = 2_000;
/** How long a version that was found is taken for the current one. WhatsApp Web changes several times a day, and accepts weeks. */
const FRESH_MS = 6 * 3_600_000;
/** How long to leave it at that when none could be found. */
const RETRY_MS = 10 * 60_000;
/** How long the breaker waits between two probes. */
const PROBE_INTERVAL_MS = 10 * 60_000;

/** The part of WhatsApp Web that names its revision. */
const SERVICE_WORKER_URL = "https://web.whatsapp.com/sw.js";
/** Its revision is written there as `\"client_revision\":1234567890`. */
const REVISION = /client_revision\\?":\s*(\d+)/;

/** What a gate is made from. */
export interface VersionGateOptions {
  /** The version to begin with; undefined leaves it to the library. */
  readonly pinned?: WhatsAppVersion | undefined;
  /** Asked before the first connection, then when the version is old, and after a 405; without it the first 405 opens the breaker. */
  readonly resolve?: VersionResolver | undefined;
  /** Where the last version that was accepted outlives the process. */
  readonly memory?: VersionMemory | undefined;
  readonly now: () => number;
  /** Called when a version was accepted again, so that waiting sessions can go on. */
  readonly onReopened: () => void;
}

/** Keeps one version. Neither call rejects. */
export interface VersionMemory {
  recall(): Promise<WhatsAppVersion | undefined>;
  keep(version: WhatsAppVersion): Promise<void>;
}

/** One per process (per manager). */
export class ClientVersion {
  readonly #options: VersionGateOptions;
  #version: WhatsAppVersion | undefined;
  #refreshing: Promise<void> | undefined;
  /** When to ask again: ms since the epoch. */
  #staleAt = 0;
  #recalled: Promise<void> | undefined;
  /** What is in the memory. */
  #kept: WhatsAppVersion | undefined;
  #nextProbeAt: number | undefined;

  constructor(options: VersionGateOptions) {
    this.#options = options;
    this.#version = options.pinned;
  }

  /** The version to announce; undefined for the library's own. */
  get version(): WhatsAppVersion | undefined {
    return this.#version;
  }

  /**
   * Settles when the version to announce is known as well as it can be: the current one, or the last that was accepted. Waits for
   * the answer, two seconds at most, only while none is known; an old one is renewed in the background. Never rejects.
   */
  async known(agent: Agent | undefined): Promise<void> {
    if (this.#options.resolve === undefined) return;
    await (this.#recalled ??= this.#recall());
    if (this.#options.now() < this.#staleAt) return;
    const refreshed = this.refresh(agent);
    if (this.#version !== undefined) return;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), WAIT_MS);
    await Promise.race([refreshed, aborted(late.signal)]);
    clearTimeout(timer);
  }

  /**
   * Asks for the current version through a session's agent, once however many sessions call. Never rejects: without an
   * answer all stays.
   */
  refresh(agent?: Agent): Promise<void> {
    this.#refreshing ??= this.#refresh(agent).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Opens the breaker. Gives the time of the next probe, ms since the epoch. */
  trip(): number {
    this.#nextProbeAt ??= this.#options.now() + PROBE_INTERVAL_MS;
    return this.#nextProbeAt;
  }

  /** Undefined: go on. A time: the breaker is open, ask again then. The one that asks first when it is time probes. */
  heldUntil(): number | undefined {
    if (this.#nextProbeAt === undefined) return undefined;
    const now = this.#options.now();
    if (now < this.#nextProbeAt) return this.#nextProbeAt;
    this.#nextProbeAt = now + PROBE_INTERVAL_MS;
    return undefined;
  }

  /** WhatsApp took our version: it is kept, and the breaker closes. */
  accepted(): void {
    const version = this.#version;
    if (version !== undefined && version !== this.#kept && this.#options.resolve !== undefined) {
      this.#kept = version;
      void this.#options.memory?.keep(version);
    }
    if (this.#nextProbeAt === undefined) return;
    this.#nextProbeAt = undefined;
    this.#options.onReopened();
  }

  async #recall(): Promise<void> {
    if (this.#version !== undefined) return;
    this.#version = this.#kept = await this.#options.memory?.recall();
  }

  async #refresh(agent: Agent | undefined): Promise<void> {
    const { resolve, now } = this.#options;
    this.#staleAt = now() + RETRY_MS;
    const signal = AbortSignal.timeout(RESOLVE_MS);
    try {
      const found = await Promise.race([resolve?.(signal, agent), aborted(signal)]);
      if (found === undefined) return;
      this.#version = found;
      this.#staleAt = now() + FRESH_MS;
    } catch {
      // The last known version is the best one left; the close policy decides what follows.
    }
  }
}

/** Settles with undefined when the signal is aborted: a resolver of the host's may not look at it. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((settle) => signal.addEventListener("abort", () => settle(undefined), { once: true }));
}

/** The page is about a megabyte; what is far larger is not it. */
const MAX_PAGE_CHARS = 8_000_000;

/** Reads the current version from WhatsApp Web itself. */
export async function resolveWhatsAppWebVersion(
  signal: AbortSignal,
  agent?: Agent,
): Promise<WhatsAppVersion | undefined> {
  const way = agent === undefined ? {} : { agent };
  const request = get(SERVICE_WORKER_URL, { signal, headers: { accept: "text/javascript" }, ...way });
  const [response] = (await once(request, "response", { signal })) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += chunk as string;
    if (text.length > MAX_PAGE_CHARS) break;
  }
  const revision = response.statusCode === 200 ? REVISION.exec(text)?.[1] : undefined;
  return revision === undefined ? undefined : [2, 3000, Number(revision)];
}
