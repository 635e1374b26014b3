/** A dispatcher over a real store, its sessions, and what it emitted. */
import { SILENT } from "../../src/api/logger.js";
import type { SessionRecord, WebhookConfig } from "../../src/api/session-record.js";
import { openStore } from "../../src/store/open-store.js";
import { generateWebhookSecret, outboxSpace } from "../../src/webhooks/index.js";
import type { WebhookDispatcherDeps, WebhookOptions } from "../../src/webhooks/index.js";
import type { KeySpace } from "../../src/store/space/key-space.js";
import { PublishingDispatcher } from "./publishing-dispatcher.js";

/** Waits of tests: milliseconds instead of minutes. */
const QUICK = {
  allowPrivateTargets: true,
  retryBaseMs: 10,
  retryCapMs: 40,
  timeoutMs: 300,
} as const satisfies WebhookOptions;

/** An event as it was emitted. */
export interface Emitted {
  readonly name: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** A session's record with that webhook. */
export function recordWith(id: string, webhook: WebhookConfig | null): SessionRecord {
  return {
    version: 1,
    id,
    name: `name of ${id}`,
    desired: "offline",
    status: "disconnected",
    phoneNumber: null,
    webhook,
    proxy: null,
    createdAt: "",
    updatedAt: "",
  };
}

/** See the head of this file. */
export class WebhookWorld implements AsyncDisposable {
  readonly map = new Map<string, unknown>();
  readonly store: ReturnType<typeof openStore>;
  readonly records = new Map<string, SessionRecord>();
  readonly events: Emitted[] = [];
  /** Called with every event, as it is emitted. */
  onEvent: (emitted: Emitted) => void = () => {};
  /** The outbox's place; a test may put something in between. */
  space: (id: string) => KeySpace = (id) => outboxSpace(this.store, id);
  readonly #options: WebhookOptions;
  readonly #dispatchers: PublishingDispatcher[] = [];

  /** In memory, in `map`, unless another store is named. */
  constructor(options: WebhookOptions = {}, storeUrl?: string) {
    this.store = openStore(storeUrl ?? this.map);
    this.#options = { ...QUICK, ...options };
  }

  /** A new dispatcher over the same store, as after a restart. */
  start(more: Partial<WebhookDispatcherDeps> = {}): PublishingDispatcher {
    const dispatcher = new PublishingDispatcher({
      space: (id) => this.space(id),
      session: (id) => this.records.get(id),
      emit: (name, event) => {
        const emitted = { name, event: { ...event } };
        this.events.push(emitted);
        this.onEvent(emitted);
      },
      disable: async (id) => this.patch(id, { enabled: false }),
      logger: SILENT,
      options: this.#options,
      ...more,
    });
    this.#dispatchers.push(dispatcher);
    return dispatcher;
  }

  /** Adds a session; gives its secret. */
  session(id: string, url: string | null, more: Partial<WebhookConfig> = {}): string {
    const secret = generateWebhookSecret();
    const events = ["messages.upsert", "presence.update"] as const;
    this.records.set(id, recordWith(id, { url, events, enabled: true, secret, ...more }));
    return secret;
  }

  /** Changes a session's webhook. */
  patch(id: string, change: Partial<WebhookConfig>): void {
    const record = this.records.get(id);
    if (record?.webhook) this.records.set(id, { ...record, webhook: { ...record.webhook, ...change } });
  }

  /** The events of one name. */
  all(name: string): readonly Emitted["event"][] {
    return this.events.filter((one) => one.name === name).map(({ event }) => event);
  }

  /** The keys of the session's outbox in the store. */
  keys(id: string): readonly string[] {
    return [...this.map.keys()].filter((key) => key.startsWith(`wa/${id}/webhook/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const dispatcher of this.#dispatchers) await dispatcher.stop();
    await this.store.close();
  }
}
