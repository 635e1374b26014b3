/** What is stored of a session beside its credentials. */
import type { ProxyConfig, SessionStatus } from "./session-info.js";
import type { WebhookEventName } from "./webhook-events.js";

/** The stored record of a session; all but the credentials. */
export interface SessionRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** What the owner wants; `start()` restores those that were `online`. */
  readonly desired: "online" | "offline";
  /** The last status written. For readers of the store; the engine itself never believes it after a restart. */
  readonly status: SessionStatus;
  readonly phoneNumber: string | null;
  readonly webhook: WebhookConfig | null;
  /** Further endpoints, by name. */
  readonly endpoints?: Readonly<Record<string, WebhookConfig>>;
  readonly proxy: ProxyConfig | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The stored webhook configuration of a session. */
export interface WebhookConfig {
  /** Null while only events were chosen: nothing is sent then. */
  readonly url: string | null;
  readonly events: readonly WebhookEventName[];
  readonly enabled: boolean;
  /** `whsec_` and base64, as Standard Webhooks defines it. */
  readonly secret: string;
  /** Sent beside ours. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The secrets before this one, the newest first; each signs beside it for a while. Older records hold a single one. */
  readonly previous?: PreviousSecret | readonly PreviousSecret[];
}

/** A replaced secret of a webhook. */
export interface PreviousSecret {
  readonly secret: string;
  /** When it stops signing: ISO 8601 UTC. */
  readonly until: string;
}
