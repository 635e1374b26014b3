/** The typed client: one method per route, and waits made of them. */
import type { ApiKeyInfo, CreateApiKeyInput, CreatedApiKey } from "../api/api-keys.js";
import type { ExportedCredentials, ImportCredentialsInput } from "../http/contract/admin.js";
import type * as contract from "../http/contract/schemas.js";
import type { CreateSessionInput, SessionStatus, UpdateSessionInput } from "../api/session-info.js";
import type { CallOptions, PollOptions, ZpwootClientOptions } from "./options.js";
import { followEvents, type EventStreamOptions, type ServerEvent } from "./event-stream.js";
import { poll } from "./poll.js";
import { WhatsAppCalls } from "./whatsapp-calls.js";
import { at, Wire } from "./wire.js";

/**
 * Calls a server that mounts `zpwoot/http`. Every method settles with the body of the response, and rejects with a
 * `ZpwootClientError`: kind `refused` with the status and the server's messages, or a kind that says why no response came.
 * @example
 * const client = new ZpwootClient({ baseUrl: "https://wa.example", apiKey });
 * const { id } = await client.createSession({ name: "sales" });
 * await client.connectSession(id);
 * const { qrCode } = await client.waitForQRCode(id);
 * await client.waitForStatus(id, "connected");
 */
export class ZpwootClient extends WhatsAppCalls {
  readonly #wire: Wire;

  /** @throws TypeError for an unknown or malformed option; its message never holds the key. */
  constructor(options: ZpwootClientOptions) {
    const wire = new Wire(options);
    super(wire);
    this.#wire = wire;
  }

  /** The fourteen events a webhook can subscribe to. */
  listWebhookEvents(options?: CallOptions): Promise<contract.WebhookEventsResponse> {
    return this.#wire.send({ method: "GET", path: "/sessions/webhook/events" }, options);
  }

  /**
   * Creates a session, which does not connect yet. Only this response has the secret of its webhook. Refused with 400 for a
   * taken name or invalid input.
   *
   * @example
   * const { id } = await client.createSession({ name: "sales" });
   */
  createSession(input: CreateSessionInput, options?: CallOptions): Promise<contract.CreatedSessionResponse> {
    return this.#wire.send({ method: "POST", path: "/sessions/create", body: input }, options);
  }

  /** All sessions the key may see, the oldest first. */
  listSessions(options?: CallOptions): Promise<contract.SessionListResponse> {
    return this.#wire.send({ method: "GET", path: "/sessions/list" }, options);
  }

  /** One session, with its QR code while it waits for a scan. Refused with 404 when there is none with this id. */
  getSession(id: string, options?: CallOptions): Promise<contract.SessionResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "info") }, options);
  }

  /** The public state of a session. */
  getSessionStatus(id: string, options?: CallOptions): Promise<contract.SessionStatusResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "status") }, options);
  }

  /** The newest QR code; null with a `message` when there can be none. Codes expire: show it at once. */
  getQRCode(id: string, options?: CallOptions): Promise<contract.QRCodeResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "qr") }, options);
  }

  /** Starts to connect; settles before the session is connected. Refused with 400 when it is connected already. */
  connectSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "connect") }, options);
  }

  /** Closes the connection and keeps the credentials. Refused with 400 when the session is disconnected already. */
  disconnectSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "disconnect") }, options);
  }

  /**
   * Requests a code to type on the phone with this number. Refused with 400 when the session is not connecting.
   *
   * @example
   * const { pairingCode } = await client.pairPhone(id, "+5511999999999");
   */
  pairPhone(id: string, phoneNumber: string, options?: CallOptions): Promise<contract.PairingResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "pair"), body: { phoneNumber } }, options);
  }

  /** Unlinks the device and deletes its credentials. */
  logoutSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "logout") }, options);
  }

  /** Unlinks the device, and removes the session with everything that belongs to it. */
  deleteSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "DELETE", path: at(id, "delete") }, options);
  }

  /** Closes the connection, if there is one, and connects again with the same credentials. */
  restartSession(id: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "restart") }, options);
  }

  /**
   * Changes the webhook, further endpoints or the proxy of a session. Only this response has the secrets that were made.
   *
   * @example
   * await client.updateSession(id, { webhook: { url: "https://shop.example/hook", events: ["messages.upsert"] } });
   */
  updateSession(
    id: string,
    input: UpdateSessionInput,
    options?: CallOptions,
  ): Promise<contract.UpdatedSessionResponse> {
    return this.#wire.send({ method: "PATCH", path: at(id), body: input }, options);
  }

  /** The webhook and the further endpoints: what each does now, and why its last attempt failed. */
  listEndpoints(id: string, options?: CallOptions): Promise<contract.EndpointsResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "endpoints") }, options);
  }

  /** The failed webhook deliveries, oldest first. */
  listFailedDeliveries(id: string, options?: CallOptions): Promise<contract.FailedDeliveriesResponse> {
    return this.#wire.send({ method: "GET", path: at(id, "deliveries", "failed") }, options);
  }

  /** Puts a failed delivery back at the end of its queue. Refused with 404 when there is none with that id. */
  redeliver(id: string, deliveryId: string, options?: CallOptions): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "deliveries", deliveryId, "redeliver") }, options);
  }

  /** One event, whole: one that a webhook got by reference. Refused with 404 when it is not kept any more. */
  getEvent(id: string, eventId: string, options?: CallOptions): Promise<ServerEvent> {
    return this.#wire.send({ method: "GET", path: at(id, "events", eventId) }, options);
  }

  /** The stored API keys, oldest first, without the keys themselves. */
  listApiKeys(options?: CallOptions): Promise<readonly ApiKeyInfo[]> {
    return this.#wire.send({ method: "GET", path: "/sessions/api-keys" }, options);
  }

  /**
   * Creates an API key; only this response shows it.
   *
   * @example
   * const { key } = await client.createApiKey({ name: "support", role: "operator", sessions: [id] });
   */
  createApiKey(input: CreateApiKeyInput, options?: CallOptions): Promise<CreatedApiKey> {
    return this.#wire.send({ method: "POST", path: "/sessions/api-keys", body: input }, options);
  }

  /** Revokes an API key, effective at once. Refused with 404 when there is none with this id. */
  revokeApiKey(keyId: string, options?: CallOptions): Promise<contract.MessageResponse> {
    const path = `/sessions/api-keys/${encodeURIComponent(keyId)}/revoke`;
    return this.#wire.send({ method: "POST", path }, options);
  }

  /** The credentials of a linked session as one text, encrypted with the passphrase. */
  exportCredentials(id: string, passphrase: string, options?: CallOptions): Promise<ExportedCredentials> {
    return this.#wire.send({ method: "POST", path: at(id, "export"), body: { passphrase } }, options);
  }

  /**
   * Imports an exported bundle into a session, which is disconnected first. Refused with 400 for a wrong passphrase, and when the
   * session holds newer credentials or those of another device and `force` is not set.
   */
  importCredentials(
    id: string,
    input: ImportCredentialsInput,
    options?: CallOptions,
  ): Promise<contract.MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "import"), body: input }, options);
  }

  /**
   * The events of all sessions the key may see, as they happen. Reconnects when the connection breaks and continues where it
   * stopped; an event `gap` says that events may be missing. Ends with the signal or with `break`; rejects when the server refuses.
   *
   * @example
   * for await (const { event, sessionId, data } of client.streamEvents({ events: ["messages.upsert"] })) {
   *   console.log(sessionId, event, data);
   * }
   */
  streamEvents(options: EventStreamOptions = {}): AsyncGenerator<ServerEvent, void, undefined> {
    return followEvents(this.#wire, "/sessions/events", options);
  }

  /** The events of one session, like {@link streamEvents}. Ends when the session is deleted. */
  streamSessionEvents(
    id: string,
    options: EventStreamOptions = {},
  ): AsyncGenerator<ServerEvent, void, undefined> {
    return followEvents(this.#wire, at(id, "events"), options);
  }

  /**
   * Polls until the session has the status. Rejects with the kind `timeout` when it does not reach it in time.
   *
   * @example
   * const { phoneNumber } = await client.waitForStatus(id, "connected", { timeoutMs: 120_000 });
   */
  waitForStatus(
    id: string,
    status: SessionStatus,
    options?: PollOptions,
  ): Promise<contract.SessionStatusResponse> {
    return poll(
      `The session did not become ${status}`,
      (call) => this.getSessionStatus(id, call),
      (body) => body.status === status,
      options,
    );
  }

  /**
   * Polls until there is a QR code other than `after`, the one shown last. Also settles, with `qrCode` null, once the session
   * is connected. Rejects with the kind `timeout` when neither happens in time.
   *
   * @example
   * const { qrCode } = await client.waitForQRCode(id);
   * // and when it is replaced: client.waitForQRCode(id, { after: qrCode })
   */
  waitForQRCode(
    id: string,
    { after, ...options }: PollOptions & { readonly after?: string } = {},
  ): Promise<contract.QRCodeResponse> {
    return poll(
      "No QR code arrived",
      (call) => this.getQRCode(id, call),
      ({ qrCode, status }) => status === "connected" || (qrCode !== null && qrCode !== after),
      options,
    );
  }
}
