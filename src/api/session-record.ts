/** What is stored of a session beside its credentials. */
import type { FailureReason, LogoutCause, RestrictionReason } from "./session-detail.js";
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
  /** What the session rests by, if it does: `start()` honours it. Null or absent while there is nothing to honour. */
  readonly verdict?: SessionVerdict | null;
  readonly webhook: WebhookConfig | null;
  /** Further endpoints, by name. */
  readonly endpoints?: Readonly<Record<string, WebhookConfig>>;
  readonly proxy: ProxyConfig | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * What brought a session to rest, as it outlives the process. `at` (when) and `until` are times of the clock on the wall, ISO 8601 UTC:
 * between two processes there is no other.
 */
export type SessionVerdict =
  | {
      readonly state: "restricted";
      readonly reason: RestrictionReason;
      readonly code?: number;
      readonly at: string;
      /** Null: until a command. */
      readonly until: string | null;
    }
  | { readonly state: "loggedOut"; readonly reason: LogoutCause; readonly at: string }
  /** `owner`: the process that found its connection replaced. */
  | { readonly state: "conflict"; readonly at: string; readonly owner?: string }
  | { readonly state: "failed"; readonly reason: FailureReason; readonly code?: number; readonly at: string };

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
  /** Events with a larger body are sent by reference. */
  readonly maxBodyBytes?: number;
  /** The secrets before this one, the newest first; each signs beside it for a while. Older records hold a single one. */
  readonly previous?: PreviousSecret | readonly PreviousSecret[];
}

/** A replaced secret of a webhook. */
export interface PreviousSecret {
  readonly secret: string;
  /** When it stops signing: ISO 8601 UTC. */
  readonly until: string;
}
