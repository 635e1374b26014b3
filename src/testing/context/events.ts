/** The events of an emulator. A test waits for them instead of sleeping. */
import type { SignalErrorReason } from "../signal/index.js";
import type { ChatEntry } from "./chat-entry.js";
import type { Phase } from "./fault-actions.js";

/** One client connection, as events name it. */
export interface ConnectionFacts {
  /** Number of the connection, counted from 1 per emulator. */
  readonly connectionId: number;
  /** The linked device on it; undefined while the client is not linked. */
  readonly jid: string | undefined;
  /** TCP port of the client's end: tells the connections of several processes apart. */
  readonly clientPort: number;
}

/** Something a client did that the protocol forbids. A passing test has none. */
export interface Violation extends ConnectionFacts {
  /** What was wrong, in a sentence. */
  readonly problem: string;
}

/** A stanza the emulator has no answer for. A passing test has none. */
export interface UnknownQuery extends ConnectionFacts {
  /** Tag of the stanza, `iq` for queries. */
  readonly tag: string;
  readonly xmlns: string | undefined;
  readonly type: string | undefined;
  /** Tag of its first child. */
  readonly child: string | undefined;
}

/** What became of a message on a phone. */
export type MessageChange = "status" | "edit" | "revoke" | "reaction" | "vote" | "pin";

/** A receipt that passed through the service. */
export interface ReceiptFacts {
  /** Ids of the messages it is about. */
  readonly ids: readonly string[];
  /** Device that sent it. */
  readonly from: string;
  /** Account or device it is for. */
  readonly to: string;
  /** `delivery` when the receipt carries no type; otherwise `read`, `inactive`, `sender`, `retry`, … */
  readonly type: string;
}

/** Events of an emulator, by name. Each has one payload object. */
export interface EmulatorEvents {
  /** A client's WebSocket is open; the handshake has not begun. */
  "connection.opened": ConnectionFacts;
  /** A client's connection has ended, from either side. */
  "connection.closed": ConnectionFacts;
  /** An unlinked client finished the handshake and its keys were checked. */
  registered: ConnectionFacts;
  /** The references of the QR codes were sent to an unlinked client. */
  "refs-issued": ConnectionFacts & { readonly count: number };
  /** A client asked to be linked with a pairing code. The code itself never reaches the service. */
  "pairing-code-requested": ConnectionFacts & { readonly phoneNumber: string };
  /** A companion was linked: its signature over the device identity is verified, and its restart (515) comes next. */
  linked: { readonly phoneNumber: string; readonly jid: string; readonly device: number };
  /** A linked device logged in. */
  login: ConnectionFacts & { readonly jid: string };
  /** A client was refused at login. */
  "login-refused": ConnectionFacts & { readonly reason: number };
  /** A device asked for its traffic and was sent everything that was queued for it. */
  active: ConnectionFacts & { readonly jid: string; readonly offlineCount: number };
  /** A device uploaded one-time pre-keys. */
  "pre-keys-uploaded": { readonly jid: string; readonly count: number };
  /** An account with its phone was added. */
  "phone-added": { readonly phoneNumber: string };
  /** A phone wrote a message that its chat shows. */
  "message-sent": { readonly phoneNumber: string; readonly message: ChatEntry };
  /** A phone received a message, or a copy of one that a companion of its account sent. */
  message: { readonly phoneNumber: string; readonly message: ChatEntry };
  /** A message on a phone was edited, revoked, reacted to, voted in, pinned, delivered or read. */
  "message-changed": {
    readonly phoneNumber: string;
    readonly message: ChatEntry;
    readonly what: MessageChange;
  };
  /** A phone could not decrypt a message and asked the author to send it again (unless it was a duplicate). */
  undecryptable: {
    readonly phoneNumber: string;
    readonly from: string;
    readonly id: string;
    readonly reason: SignalErrorReason;
  };
  /** A receipt passed through. */
  receipt: ReceiptFacts;
  /** A stanza was acknowledged by a device. */
  ack: { readonly jid: string; readonly id: string; readonly class: string };
  /** A keepalive ping was answered. */
  ping: ConnectionFacts;
  /** A device announced presence. */
  presence: ConnectionFacts & { readonly type: string | undefined };
  /** A device subscribed to an account's presence. */
  "presence-subscribed": { readonly jid: string; readonly to: string };
  /** A device sent what its user is doing in a chat: `composing`, `paused`, `recording`. */
  "chat-activity": { readonly jid: string; readonly to: string; readonly activity: string };
  /** A group was changed and its members were notified: `create`, `subject`, `add`, `remove`, `promote`, … */
  group: { readonly group: string; readonly by: string; readonly what: string };
  /** A device fetched patches of the app state. */
  "app-state-fetched": { readonly jid: string; readonly collections: readonly string[] };
  /** A device changed the app state; each index names one change, e.g. `["archive", "<jid>"]`. */
  "app-state-changed": {
    readonly jid: string;
    readonly collection: string;
    readonly indices: readonly (readonly string[])[];
  };
  /** A call rings, was answered, or is over. */
  call: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly video: boolean;
    readonly status: "ringing" | "accepted" | "rejected" | "ended";
  };
  /** A file was stored on the media host. */
  "media-uploaded": { readonly jid: string; readonly path: string; readonly size: number };
  /** A download was answered, with this HTTP status. */
  "media-downloaded": { readonly path: string; readonly status: number };
  /** A companion is no longer linked. */
  unlinked: { readonly phoneNumber: string; readonly jid: string; readonly by: "phone" | "companion" };
  /** A fault rule was applied. */
  fault: ConnectionFacts & { readonly at: Phase };
  /** A client broke the protocol. */
  "protocol-violation": Violation;
  /** A client sent a stanza that the emulator has no answer for. */
  "unknown-query": UnknownQuery;
}

/** Name of an event. */
export type EmulatorEventName = keyof EmulatorEvents;
