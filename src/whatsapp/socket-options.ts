/** What a session's socket is made from. */
import type { UserFacingSocketConfig } from "whaileys";
import type { Logger } from "../api/logger.js";
import type { AuthorshipChecks } from "./authorship/message-authors.js";
import type { AuthState, SocketFactory } from "./library.js";
import type { SocketChecks } from "./signatures/socket-checks.js";
import type { SocketHooks } from "./socket-hooks.js";

/** What a socket needs. */
export interface SessionSocketOptions {
  readonly sessionId: string;
  readonly library: SocketFactory;
  readonly auth: AuthState;
  readonly authorship: AuthorshipChecks;
  readonly config: Partial<UserFacingSocketConfig>;
  readonly checks: SocketChecks;
  /** How long messages may come in without an event, and events be held back, in milliseconds. */
  readonly deafTimeoutMs: number;
  readonly hooks: SocketHooks;
  readonly logger: Logger;
}
