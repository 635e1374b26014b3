/** What a connection attempt is made from. */
import type { Agent } from "node:http";
import type { UserFacingSocketConfig } from "whaileys";
import type { ZpwootError } from "../errors.js";
import type { LinkingLimits } from "./linking/limits.js";
import type { AuthState, SocketFactory } from "../whatsapp/library.js";
import type { Logger } from "../api/logger.js";
import type { Egress } from "../whatsapp/proxy.js";
import type { QRStyle } from "../whatsapp/qr-text.js";
import type { NamedWhatsAppEvent } from "../api/events.js";

/** What an attempt is made from. */
export interface AttemptOptions {
  readonly sessionId: string;
  /** Loads the library on the first call. */
  readonly library: () => Promise<SocketFactory>;
  /** Settles when the client version to announce is known as well as it can be. Never rejects. */
  readonly versionKnown: (agent: Agent | undefined) => Promise<void>;
  /** Loads the auth state; `onFailure` is called once when a write has failed for good. */
  readonly loadAuth: (onFailure: (error: ZpwootError) => void) => Promise<AuthState>;
  readonly config: (library: SocketFactory) => Partial<UserFacingSocketConfig>;
  readonly egress: Egress;
  /** How long a link may be offered yet, and in which form. */
  readonly link: LinkingLimits;
  readonly qrStyle: Pick<QRStyle, "format" | "browser">;
  /** Connect only if the account is linked; else the attempt ends with the fact `notLinked`. */
  readonly onlyLinked: boolean;
  /** `connectMs`: from the socket's making to the first QR code or the login; `loginMs`: from the login to open. */
  readonly timeouts: { readonly connectMs: number; readonly loginMs: number };
  readonly logger: Logger;
  readonly now: () => number;
  /** Called after every new fact. */
  readonly wake: () => void;
  readonly onEvent: (event: NamedWhatsAppEvent) => void;
}
