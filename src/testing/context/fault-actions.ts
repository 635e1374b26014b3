/** What may go wrong, where, and how often; and which of it is possible. */

/** The steps of a connection a fault can replace, in order. */
export const PHASES = [
  /** Answering the HTTP upgrade. */
  "upgrade",
  /** Answering the first handshake message. */
  "client-hello",
  /** Answering the second handshake message: after it the stream is encrypted. */
  "client-finish",
  /** Sending the QR references to an unlinked client. */
  "pair-device",
  /** Sending `pair-success` to a client a phone scanned. */
  "pair-success",
  /** Telling a just linked client to restart. */
  "restart",
  /** Sending `success` to a linked client. */
  "login",
  /** Answering a query about pre-keys. */
  "pre-keys",
  /** Answering the request for traffic, upon which clients report themselves open. */
  "active",
  /** Nothing is replaced: the fault comes right after all offline traffic and its end were sent. */
  "open",
] as const;

/** The steps that may come any number of times. */
export const EXCHANGES = [
  /** Answering a client that asks for a pairing code. */
  "companion-hello",
  /** Answering a client that finishes a typed pairing code. */
  "companion-finish",
  /** Answering a query of a linked device; see {@link FaultRule.query}. */
  "query",
  /** Acknowledging a message that a linked device sends. */
  "message",
  /** Bringing a message to a linked device that is active. */
  "delivery",
  /** Answering an upload to the media host. */
  "media-upload",
  /** Answering a download from it; whose it is, is not known. */
  "media-download",
] as const;

/** Name of a step; see {@link PHASES} and {@link EXCHANGES}. */
export type Phase = (typeof PHASES)[number] | (typeof EXCHANGES)[number];

/** What goes wrong. */
export type FaultAction =
  /** End the stream and close the WebSocket in good order. */
  | "close"
  /** Send a TCP FIN without closing the WebSocket. */
  | "fin"
  /** Send a TCP RST. */
  | "reset"
  /** Send and read nothing more, with the TCP connection left open. */
  | "silence"
  /** Send a frame that is neither authentic nor a node. */
  | "garbage"
  /** Send an authentic frame with a word that is in no dictionary. */
  | "unknown-token"
  /** Tell the client that its account has no linked devices (which it reports as 411). */
  | "downgrade"
  /** Refuse the client: `<failure>` with the reason and further attributes (`expire`, `location`, …), then close. */
  | { readonly failure: FailureSpec }
  /** End the stream with an error: 515 restart, 401 device removed, 440 replaced, 503 unavailable, any number, or any shape. */
  | { readonly streamError: number | StreamErrorSpec }
  /** Close the WebSocket with this code, without ending the stream: 1011, 1001, … */
  | { readonly closeCode: number }
  /** Answer with an HTTP status; at `upgrade`, `media-upload` and `media-download`. */
  | { readonly httpStatus: number }
  /** Answer at this speed; only at `media-download`. */
  | { readonly bytesPerSecond: number }
  /** Take the step after so many milliseconds. */
  | { readonly delayMs: number }
  /** No answer, or no delivery; the connection stays. At the exchanges, `pre-keys` and `active`. */
  | "drop"
  /** Refuse a query, or a message, with this number. At the exchanges but `delivery`, at `pre-keys` and `active`. */
  | { readonly error: number }
  /** Take the step twice: at `delivery`, and at `pair-device`. */
  | "duplicate"
  /** Spoil the ciphertext: at `delivery`, `client-hello` and `media-download`. */
  | "corrupt"
  /** Answer half, and end the connection: at `media-upload` and `media-download`. */
  | "cut"
  /** Answer without an end: at `media-upload` and `media-download`. */
  | "endless"
  /** Show a certificate that the root has not signed, and that is of another issuer; only at `client-hello`. */
  | "wrong-certificate";

/** Attributes of a `<failure>`. Without a reason clients assume 500. */
export interface FailureSpec {
  readonly reason?: number;
  /** Seconds of a temporary ban (reason 402). */
  readonly expire?: number;
  readonly [attribute: string]: string | number | undefined;
}

/** The shape of a `<stream:error>`. */
export interface StreamErrorSpec {
  /** Its number, when it has one. */
  readonly code?: number;
  /** Tag of its child: `conflict`, `xml-not-well-formed`, `ack`, … */
  readonly child?: string;
  /** `type` of the child: `device_removed`, `replaced`. */
  readonly type?: string;
}

/** Which queries a rule at `query` applies to; a field left out matches all. */
export interface QueryFilter {
  readonly xmlns?: string;
  readonly type?: "get" | "set";
  /** Tag of the first child. */
  readonly child?: string;
}

/** One rule. */
export interface FaultRule {
  readonly at: Phase;
  readonly action: FaultAction;
  /** How often the rule applies before it is used up. Default 1; `Infinity` for always. */
  readonly times?: number;
  /** Only for this account. Steps before the account is known (up to `pair-device`) never match such a rule. */
  readonly phoneNumber?: string;
  /** Only for these queries; at `query`. */
  readonly query?: QueryFilter;
}

/** What is known about a step when it is due. */
export interface StepFacts {
  readonly phoneNumber?: string | undefined;
  readonly query?: QueryFilter | undefined;
}

/** A step that is due: the ways to take it. A fault whose way is missing has no effect. */
export interface Step extends StepFacts {
  /** Takes it normally. */
  readonly proceed: () => void;
  /** Refuses it with a number. */
  readonly refuse?: (error: number) => void;
  readonly duplicate?: () => void;
  readonly corrupt?: () => void;
  readonly wrongCertificate?: () => void;
  /** Called when a fault replaces the step. */
  readonly replaced?: () => void;
}

const PLAIN_TEXT_PHASES: ReadonlySet<Phase> = new Set(["upgrade", "client-hello"]);
const ANSWERED_PHASES: ReadonlySet<Phase> = new Set([
  "companion-hello",
  "companion-finish",
  "query",
  "pre-keys",
  "active",
]);

const MEDIA_PHASES = ["media-upload", "media-download"] as const;
/** What may go wrong there, beside the actions that are possible at those steps only. */
const MEDIA_ACTIONS = ["close", "reset", "silence", "garbage", "delayMs"];

/** The only steps at which these actions are possible. */
const ALLOWED_PHASES: Readonly<Record<string, ReadonlySet<Phase>>> = {
  httpStatus: new Set(["upgrade", ...MEDIA_PHASES]),
  bytesPerSecond: new Set(["media-download"]),
  cut: new Set(MEDIA_PHASES),
  endless: new Set(MEDIA_PHASES),
  drop: new Set([...ANSWERED_PHASES, "message", "delivery"]),
  error: new Set([...ANSWERED_PHASES, "message"]),
  duplicate: new Set(["delivery", "pair-device"]),
  corrupt: new Set(["delivery", "client-hello", "media-download"]),
  "wrong-certificate": new Set(["client-hello"]),
};

/** The name of an action: itself, or the key of its object. */
export function actionName(action: FaultAction): string {
  return typeof action === "string" ? action : (Object.keys(action)[0] ?? "");
}

/** What is impossible about a rule, as a sentence; undefined when nothing is. */
export function problemOf({ at, action, times = 1, query }: FaultRule): string | undefined {
  const known: readonly Phase[] = [...PHASES, ...EXCHANGES];
  if (!known.includes(at)) return `A fault's "at" must be one of ${known.join(", ")}`;
  if (!(times >= 1)) return `A fault's "times" must be at least 1`;
  if (query !== undefined && at !== "query") return `A fault's "query" is possible only at "query"`;
  const name = actionName(action);
  const allowed = ALLOWED_PHASES[name];
  if (allowed !== undefined) {
    if (allowed.has(at)) return undefined;
    if (name === "httpStatus")
      return `An HTTP status can only be answered at "upgrade", "media-upload" and "media-download"`;
    return `"${name}" is possible only at ${[...allowed].join(", ")}`;
  }
  if ((MEDIA_PHASES as readonly Phase[]).includes(at) && !MEDIA_ACTIONS.includes(name))
    return `"${name}" is not possible at "${at}", where no stream is`;
  const needsStream = ["failure", "streamError", "unknown-token", "downgrade"].includes(name);
  if (needsStream && PLAIN_TEXT_PHASES.has(at)) return `At "${at}" the service can't send a stanza yet`;
  if (name === "closeCode" && at === "upgrade") return `At "upgrade" there is no WebSocket to close yet`;
  if (name === "garbage" && at === "upgrade") return `At "upgrade" use an HTTP status rather than garbage`;
  return undefined;
}
