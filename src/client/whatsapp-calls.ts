/** The methods of the client over a session's connection: messages and their media, groups, contacts and chats. */
import type { ChatActivity, Presence, ReadMessageKey } from "../api/chats.js";
import type { NumberCheck, PictureSize, ProfilePicture } from "../api/contacts.js";
import type {
  CreatedGroup,
  CreateGroupInput,
  GroupInfo,
  GroupInvite,
  GroupSummary,
  JoinedGroup,
  ParticipantAction,
  ParticipantResult,
} from "../api/groups.js";
import type { MediaMessage } from "../api/media.js";
import type { BlockedContacts } from "../http/contract/calls.js";
import type { MessageResponse } from "../http/contract/schemas.js";
import type { MessageInfo, SentMessage } from "../api/messages.js";
import { formBody, jsonContent, uploadIn, type ContentToSend, type SendCallOptions } from "./message-body.js";
import type { CallOptions } from "./options.js";
import { ServerCalls } from "./server-calls.js";
import { at, type Wire } from "./wire.js";

/** How long a message may take: the server's own limit, and the way. With a file that is uploaded, the server's default, and the way. */
const SEND_MS = 75_000;
const UPLOAD_MS = 120_000;
const WAY_MS = 15_000;

/** The media of a message. */
export interface DownloadedMedia {
  /** The decrypted bytes, as they come. */
  readonly body: ReadableStream<Uint8Array>;
  /** What the sender says that it is; `application/octet-stream` when the message does not say. */
  readonly mimetype: string;
  /** What the sender calls a document; null for other media. */
  readonly fileName: string | null;
  /** Null when the size is not known before the end. */
  readonly bytes: number | null;
}

/**
 * Messages, groups, contacts and chats. Where a person is named, a phone number in international format or a JID does. What WhatsApp refuses is
 * refused with 403, 404, 422 or 429 and a text that says what to do; a session that is not connected with 400.
 */
export class WhatsAppCalls extends ServerCalls {
  readonly #wire: Wire;

  /** @internal */
  constructor(wire: Wire) {
    super(wire);
    this.#wire = wire;
  }

  /**
   * Sends a message. Settles when WhatsApp has acknowledged it, with `queue` when it is stored. `to` is a phone number or a JID of a person
   * or a group. A file is bytes, a `Blob`, a stream or `{ url }`. Refused with 409 for a key of another message and a full queue; with 504 when
   * it may or may not have been sent: call it again with the same `idempotencyKey`, and with a new stream.
   *
   * @example
   * await client.sendMessage(id, "+5511999999999", { text: "Hello" }, { idempotencyKey: "order-4711" });
   * await client.sendMessage(id, "+5511999999999", { document: await openAsBlob("./film.mp4"), fileName: "film.mp4" });
   */
  sendMessage(
    id: string,
    to: string,
    content: ContentToSend,
    { signal, callTimeoutMs, ...options }: SendCallOptions = {},
  ): Promise<SentMessage> {
    const upload = uploadIn(content);
    const body = { to, content: jsonContent(content, upload), ...options };
    const sent = upload === undefined ? { body } : { raw: formBody(body, upload) };
    const usualMs = upload === undefined ? SEND_MS : (options.timeoutMs ?? UPLOAD_MS) + WAY_MS;
    return this.#wire.send(
      { method: "POST", path: at(id, "messages"), ...sent },
      { timeoutMs: callTimeoutMs ?? usualMs, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** How far a message got that was sent through the server. Refused with 404 when it is not kept (any more). */
  getMessage(id: string, messageId: string, options?: CallOptions): Promise<MessageInfo> {
    return this.#wire.send({ method: "GET", path: at(id, "messages", messageId) }, options);
  }

  /**
   * The media of a message, decrypted, as it comes; `message` is one of `messages.upsert`, as webhooks and streams have it. The body
   * breaks off when it turns out at its end that it is not what the sender sent.
   *
   * @example
   * const { body, mimetype } = await client.downloadMedia(id, message);
   * await pipeline(body, createWriteStream("photo.jpg"));
   */
  async downloadMedia(id: string, message: MediaMessage, options?: CallOptions): Promise<DownloadedMedia> {
    const call = { method: "POST", path: at(id, "media"), body: message } as const;
    const { body, headers } = await this.#wire.download(call, options);
    const [, name] = /filename\*=UTF-8\'\'([^;]+)/.exec(headers.get("content-disposition") ?? "") ?? [];
    const length = headers.get("content-length");
    return {
      body: body as ReadableStream<Uint8Array>,
      mimetype: headers.get("content-type") ?? "application/octet-stream",
      fileName: name === undefined ? null : decodeURIComponent(name),
      bytes: length === null ? null : Number(length),
    };
  }

  /** The groups that the account is in, the newest first, without their members. */
  listGroups(id: string, options?: CallOptions): Promise<readonly GroupSummary[]> {
    return this.#wire.send({ method: "GET", path: at(id, "groups") }, options);
  }

  /** One group with its members. `group` is its JID. */
  getGroup(id: string, group: string, options?: CallOptions): Promise<GroupInfo> {
    return this.#wire.send({ method: "GET", path: at(id, "groups", group) }, options);
  }

  /**
   * Makes a group. `results` of the response says what became of each person: one that can't be added does not fail the call.
   *
   * @example
   * const { id: group, results } = await client.createGroup(id, { subject: "Order 4711", participants: ["+5511999999999"] });
   */
  createGroup(id: string, input: CreateGroupInput, options?: CallOptions): Promise<CreatedGroup> {
    return this.#wire.send({ method: "POST", path: at(id, "groups"), body: input }, options);
  }

  /** Changes the subject of a group. */
  updateGroup(
    id: string,
    group: string,
    input: { readonly subject: string },
    options?: CallOptions,
  ): Promise<MessageResponse> {
    return this.#wire.send({ method: "PATCH", path: at(id, "groups", group), body: input }, options);
  }

  /**
   * Adds, removes, promotes or demotes members, with one result for each.
   *
   * @example
   * await client.updateGroupParticipants(id, group, { action: "promote", participants: ["+5511999999999"] });
   */
  updateGroupParticipants(
    id: string,
    group: string,
    input: { readonly action: ParticipantAction; readonly participants: readonly string[] },
    options?: CallOptions,
  ): Promise<readonly ParticipantResult[]> {
    const path = at(id, "groups", group, "participants");
    return this.#wire.send({ method: "POST", path, body: input }, options);
  }

  /** The current invitation to a group. Who has it can join: treat it like a password. */
  getGroupInvite(id: string, group: string, options?: CallOptions): Promise<GroupInvite> {
    return this.#wire.send({ method: "GET", path: at(id, "groups", group, "invite") }, options);
  }

  /** Makes the current invitation invalid, and settles with the new one. */
  revokeGroupInvite(id: string, group: string, options?: CallOptions): Promise<GroupInvite> {
    const path = at(id, "groups", group, "invite", "revoke");
    return this.#wire.send({ method: "POST", path }, options);
  }

  /** Joins a group by the code or the link of an invitation. */
  joinGroup(id: string, code: string, options?: CallOptions): Promise<JoinedGroup> {
    return this.#wire.send({ method: "POST", path: at(id, "groups", "join"), body: { code } }, options);
  }

  /**
   * Which phone numbers are on WhatsApp: one result for each, in their order, with the JID to write to.
   *
   * @example
   * const [check] = await client.checkPhoneNumbers(id, ["+5511999999999"]);
   */
  checkPhoneNumbers(
    id: string,
    phoneNumbers: readonly string[],
    options?: CallOptions,
  ): Promise<readonly NumberCheck[]> {
    const path = at(id, "contacts", "check");
    return this.#wire.send({ method: "POST", path, body: { phoneNumbers } }, options);
  }

  /** Where WhatsApp serves the profile picture of a person or a group; null when there is none to see. */
  getProfilePicture(
    id: string,
    contact: string,
    { size, ...options }: CallOptions & { readonly size?: PictureSize } = {},
  ): Promise<ProfilePicture> {
    const query = size === undefined ? "" : `?size=${encodeURIComponent(size)}`;
    const path = `${at(id, "contacts", contact, "picture")}${query}`;
    return this.#wire.send({ method: "GET", path }, options);
  }

  /** The JIDs of the people whom the account has blocked. */
  listBlockedContacts(id: string, options?: CallOptions): Promise<BlockedContacts> {
    return this.#wire.send({ method: "GET", path: at(id, "contacts", "blocked") }, options);
  }

  /** Blocks a person. */
  blockContact(id: string, contact: string, options?: CallOptions): Promise<MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "contacts", contact, "block") }, options);
  }

  /** Ends the block of a person. */
  unblockContact(id: string, contact: string, options?: CallOptions): Promise<MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "contacts", contact, "unblock") }, options);
  }

  /** Shows the account online or offline. */
  setPresence(id: string, presence: Presence, options?: CallOptions): Promise<MessageResponse> {
    return this.#wire.send(
      { method: "POST", path: at(id, "chats", "presence"), body: { presence } },
      options,
    );
  }

  /** Shows in a chat that somebody is typing or recording, or has stopped. */
  setChatActivity(
    id: string,
    chat: string,
    activity: ChatActivity,
    options?: CallOptions,
  ): Promise<MessageResponse> {
    const path = at(id, "chats", chat, "activity");
    return this.#wire.send({ method: "POST", path, body: { activity } }, options);
  }

  /** Marks received messages as read, by the keys that `messages.upsert` has. */
  markRead(id: string, keys: readonly ReadMessageKey[], options?: CallOptions): Promise<MessageResponse> {
    return this.#wire.send({ method: "POST", path: at(id, "chats", "read"), body: { keys } }, options);
  }
}
