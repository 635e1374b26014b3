/** The typed client: a method per route. */
import type { ApiKeyInfo, CreateApiKeyInput, CreatedApiKey } from "../api/api-keys.js";
import type { Health } from "../api/health.js";
import type { ExportedCredentials, ImportCredentialsInput, Live } from "../http/contract/admin.js";
import type * as contract from "../http/contract/schemas.js";
import type { CreateSessionInput, SessionStatus, UpdateSessionInput } from "../api/session-info.js";
import { ZpwootClientError } from "./error.js";
import type { CallOptions, PollOptions, ZpwootClientOptions } from "./options.js";
import { followEvents, type EventStreamOptions, type ServerEvent } from "./event-stream.js";
import { pause } from "./pause.js";
import { Wire } from "./wire.js";

const POLL_MS = { timeoutMs: 60_000, intervalMs: 2_000 } as const;

/**
 * Calls a server that mounts `zpwoot/http`. Every method resolves with the answer's body and rejects with a
 * `ZpwootClientError`: `refused` with the status and the server's sentences, or a kind that says why there was no answer.
 *
 * @example
 * const client = new ZpwootClient({ baseUrl: "https://wa.example", apiKey });
 * const { id } = await client.createSession({ name: "sales" });
 * await client.connectSession(id);
 * const { qrCode } = await client.waitForQRCode(id);
 * await client.waitForStatus(id, "connected");
 */
export class ZpwootClient {
  readonly #wire: Wire;

  /** @throws TypeError when an option is malformed; the key is never quoted. */
  constructor(options: ZpwootClientOptions) {
    this.#wire = new Wire(options);
  }

  /** The fourteen events a webhook can subscribe to. */
  listWebhookEvents(options?: CallOptions): Promise<contract.WebhookEventsResponse> {
    return this.#wire.send({ method: "GET", path: "/sessions/webhook/events" }, options);
  }

  /** Creates a session, which does not connect yet. The secret of its webhook is in this answer only. */
  createSession(input: CreateSessionInput, options?: CallOptions): Promise<contract.CreatedSessionResponse> {
    return this.#wire.send({ method: "POST", path: "/sessions/create", body: input }, options);
  }

  /** All sessions, the oldest first. */
  listSessions(options?: CallOptions): Promise<contract.SessionListResponse> {
    return this.#wire.send({ method: "GET", path: "/sessions/list" }, options);
  }

  /** One session, with its QR code if it waits for a scan. */
  getSession(id: string, options?: CallOptions): Promise<contract.SessionResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "info") }, options);
  }

  /** The public state of a session. */
  getSessionStatus(id: string, options?: CallOptions): Promise<contract.SessionStatusResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "status") }, options);
  }

  /** The newest QR code; null with a `message` when there is none. It changes: ask again, or show it at once. */
  getQRCode(id: string, options?: CallOptions): Promise<contract.QRCodeResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "qr") }, options);
  }

  /** Starts to connect; resolves before the session is connected. Refused with 400 when it is connected already. */
  connectSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "connect") }, options);
  }

  /** Closes the connection and keeps the credentials. Refused with 400 when there is none. */
  disconnectSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "disconnect") }, options);
  }

  /** Asks for a code to type on the phone of this number. The session must be connecting. */
  pairPhone(id: string, phoneNumber: string, options?: CallOptions): Promise<contract.PairingResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "pair"), body: { phoneNumber } }, options);
  }

  /** Unlinks the device and deletes its credentials. */
  logoutSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "logout") }, options);
  }

  /** Unlinks the device and deletes the session with everything that belongs to it. */
  deleteSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "DELETE", path: at(id, "delete") }, options);
  }

  /** Closes the connection, if there is one, and connects again with the same credentials. */
  restartSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "restart") }, options);
  }

  /** Changes the webhook, the endpoints and the proxy of a session. New secrets are in this answer only. */
  updateSession(
    id: string,
    input: UpdateSessionInput,
    options?: CallOptions,
  ): Promise<contract.UpdatedSessionResponse> {
    const path = `/sessions/${encodeURIComponent(id)}`;
    return this.#wire.send({ method: "PATCH", path, body: input }, options);
  }

  /** The failed webhook deliveries, oldest first. */
  listFailedDeliveries(id: string, options?: CallOptions): Promise<contract.FailedDeliveriesResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "deliveries/failed") }, options);
  }

  /** Puts a failed delivery back at the end of its queue. Refused with 404 for an unknown id. */
  redeliver(id: string, deliveryId: string, options?: CallOptions): Promise<contract.MessageResponse> {
    const path = at(id, `deliveries/${encodeURIComponent(deliveryId)}/redeliver`);
    return this.#wire.send({ method: "POST", path }, options);
  }

  /** The stored API keys, oldest first, without the keys themselves. */
  listApiKeys(options?: CallOptions): Promise<readonly ApiKeyInfo[]> {
    return this.#wire.send({ method: "GET", path: "/sessions/api-keys" }, options);
  }

  /** Creates an API key, which is in this answer only. */
  createApiKey(input: CreateApiKeyInput, options?: CallOptions): Promise<CreatedApiKey> {
    return this.#wire.send({ method: "POST", path: "/sessions/api-keys", body: input }, options);
  }

  /** Revokes an API key, at once. */
  revokeApiKey(keyId: string, options?: CallOptions): Promise<contract.MessageResponse> {
    const path = `/sessions/api-keys/${encodeURIComponent(keyId)}/revoke`;
    return this.#wire.send({ method: "POST", path }, options);
  }

  /** The credentials of a linked session as one text, encrypted with the passphrase. */
  exportCredentials(id: string, passphrase: string, options?: CallOptions): Promise<ExportedCredentials> {
    return this.#wire.send({ method: "POST", path: at(id, "export"), body: { passphrase } }, options);
  }

  /** Imports an exported bundle into a session, which is disconnected first. */
  importCredentials(
    id: string,
    input: ImportCredentialsInput,
    options?: CallOptions,
  ): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "import"), body: input }, options);
  }

  /** Whether the process answers at all. Only on servers with `system`, like the next two. */
  isLive(options?: CallOptions): Promise<Live> {
    return this.#wire.send({ method: "GET", path: "/health/live" }, options);
  }

  /** Whether requests can be served. Refused with 503 when they can't. */
  isReady(options?: CallOptions): Promise<Health> {
    return this.#wire.send({ method: "GET", path: "/health/ready" }, options);
  }

  /** The server's OpenAPI document. */
  getOpenApi(options?: CallOptions): Promise<Readonly<Record<string, unknown>>> {
    return this.#wire.send({ method: "GET", path: "/openapi.json" }, options);
  }

  /**
   * Streams the events of all sessions as they happen, across broken connections, until the signal is aborted. Throws when the
   * server refuses it.
   *
   * @example
   * for await (const { event, data } of client.streamEvents({ events: ["messages.upsert"] })) console.log(event, data);
   */
  streamEvents(options: EventStreamOptions = {}): AsyncGenerator<ServerEvent, void, undefined> {
    return followEvents(this.#wire, "/sessions/events", options);
  }

  /** Streams the events of one session; ends when the session is deleted. */
  streamSessionEvents(
    id: string,
    options: EventStreamOptions = {},
  ): AsyncGenerator<ServerEvent, void, undefined> {
    return followEvents(this.#wire, at(id, "events"), options);
  }

  /** Polls until the session has the status. Rejects with the kind `timeout` after `timeoutMs`. */
  waitForStatus(
    id: string,
    status: SessionStatus,
    options?: PollOptions,
  ): Promise<contract.SessionStatusResponse> {
    return poll(
      `The session did not become ${status}`,
      (call) => this.getSessionStatus(id, call),
      (answer) => answer.status === status,
      options,
    );
  }

  /**
   * Polls until there is a QR code other than `after`, the one shown last. Also resolves, with `qrCode` null, once the session is
   * connected: then there is nothing to scan.
   */
  waitForQRCode(
    id: string,
    { after, ...options }: PollOptions & { readonly after?: string } = {},
  ): Promise<contract.QRCodeResponse> {
    return poll(
      "There was no QR code",
      (call) => this.getQRCode(id, call),
      ({ qrCode, status }) => status === "connected" || (qrCode !== null && qrCode !== after),
      options,
    );
  }
}

function at(id: string, action: string): string {
  return `/sessions/${encodeURIComponent(id)}/${action}`;
}

async function poll<Answer>(
  failure: string,
  ask: (call: CallOptions) => Promise<Answer>,
  passes: (answer: Answer) => boolean,
  options: PollOptions = {},
): Promise<Answer> {
  const { timeoutMs, intervalMs, signal } = { ...POLL_MS, ...options };
  const endsAt = performance.now() + timeoutMs;
  const ending = signal === undefined ? {} : { signal };
  for (;;) {
    const answer = await ask({ ...ending, timeoutMs: Math.max(1, endsAt - performance.now()) });
    if (passes(answer)) return answer;
    if (performance.now() + intervalMs >= endsAt) {
      throw new ZpwootClientError("timeout", `${failure} within ${timeoutMs} ms`);
    }
    await pause(intervalMs, signal);
  }
}
