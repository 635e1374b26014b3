/** What the user of a phone writes: messages of all kinds, and messages about others. */
import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "../context/chat-entry.js";
import type { Account } from "../network/account.js";
import type { Network } from "../network/network.js";
import type { Recipient } from "../network/status-audience.js";
import type { ContextInfo, MessageKey } from "../wire/chat-content.js";
import { PROTOCOL_TYPE, type ChatMessage } from "../wire/chat-proto.js";
import { sealVote } from "../wire/poll-crypto.js";
import type { Chat } from "./chat.js";
import type { KeptMessage } from "./chat-log.js";
import { contextOf, unwrap } from "./content/unwrap.js";
import { withContext, writeContent, type MessageInput } from "./content/write-content.js";
import { writeReply } from "./content/write-reply.js";
import type { MessageSender, SendOptions, SentText } from "./message-sender.js";

/** How a message is written. */
export interface WriteOptions extends SendOptions {
  /** Id of the message that it quotes. */
  readonly quote?: string;
  /** Accounts that it mentions: their JIDs, or their phones. */
  readonly mentions?: readonly ({ readonly jid: string } | string)[];
}

/** Makes the content of a message about another one. */
export type ContentAbout = (key: MessageKey) => ChatMessage;

/** How a forged message is sent. */
export interface ForgedMessage extends SendOptions {
  readonly to: Recipient;
  /** Name the sender as the author of the message it is about, instead of the one who is. */
  readonly asAuthor: boolean;
}

const IV_LENGTH = 12;

/** Writes the messages of one phone. */
export class Outbox {
  readonly #network: Network;
  readonly #account: Account;
  readonly #chat: Chat;
  readonly #sender: MessageSender;

  constructor(network: Network, account: Account, chat: Chat, sender: MessageSender) {
    this.#network = network;
    this.#account = account;
    this.#chat = chat;
    this.#sender = sender;
  }

  /** Writes a message of any kind. */
  send(to: Recipient, input: MessageInput, options: WriteOptions = {}): SentText {
    const message = writeContent(input, this.#chat.files, this.#network.context.random);
    return this.#sendShown(to, withContext(message, this.#contextFor(to, options)), options);
  }

  /** Sends a message of the log to another chat, marked as forwarded. */
  forward(id: string, to: Recipient, options: SendOptions = {}): SentText {
    const { message } = this.#chat.log.get(id);
    const inner = unwrap(message).message;
    const score = (contextOf(inner)?.forwardingScore ?? 0) + 1;
    const context = { ...this.#contextFor(to, {}), isForwarded: true, forwardingScore: score };
    const { messageContextInfo: _info, senderKeyDistributionMessage: _key, ...forwarded } = inner;
    return this.#sendShown(to, withContext(withoutContext(forwarded), context), options);
  }

  /** Chooses a button or a row of a message. */
  reply(id: string, choice: string, options: SendOptions = {}): SentText {
    const { entry } = this.#chat.log.get(id);
    const to = this.#chat.recipientOf(entry);
    return this.#sendShown(
      to,
      withContext(writeReply(entry, choice), this.#contextFor(to, { quote: id })),
      options,
    );
  }

  /** Votes in a poll. Throws `INVALID_INPUT` for another message, and for options that it does not have or allow. */
  vote(id: string, options: readonly string[]): SentText {
    const kept = this.#chat.log.get(id);
    const { entry, message } = kept;
    const { content } = entry;
    const secret = message.messageContextInfo?.messageSecret;
    if (content.kind !== "poll" || secret === undefined)
      throw new ZpwootError("INVALID_INPUT", `Message ${id} is not a poll`);
    const unknown = options.find((option) => !content.options.includes(option));
    if (unknown !== undefined) throw new ZpwootError("INVALID_INPUT", `The poll has no option "${unknown}"`);
    if (content.selectable > 0 && options.length > content.selectable)
      throw new ZpwootError("INVALID_INPUT", `The poll allows ${content.selectable} options`);
    const encIv = this.#network.context.random(IV_LENGTH);
    const place = { pollId: id, creator: entry.from, voter: this.#account.jid, secret };
    const vote = { encPayload: sealVote(options, place, encIv), encIv };
    const senderTimestampMs = this.#network.context.now();
    return this.sendAbout(id, (pollCreationMessageKey) => ({
      pollUpdateMessage: { pollCreationMessageKey, vote, senderTimestampMs },
    }));
  }

  /** Sends a message about another one (a reaction, a revocation, an edit) to the chat of that one, and applies it here. */
  sendAbout(id: string, content: ContentAbout, options: SendOptions = {}): SentText {
    const { entry } = this.#chat.log.get(id);
    const to = this.#chat.recipientOf(entry);
    const message = content(this.#keyOf(entry));
    const sent = this.#sender.send(this.#sender.newId(), to, message, options);
    const { jid } = this.#account;
    this.#chat.changes.apply(unwrap(message).message, {
      id: sent.id,
      chat: entry.chat,
      from: jid,
      device: jid,
    });
    return sent;
  }

  /** Takes back a message for everyone; see `VirtualPhone.revoke`. */
  revoke(id: string, options?: SendOptions): SentText {
    const { entry } = this.#chat.log.get(id);
    if (!entry.fromMe && !this.#chat.changes.isAdmin(this.#account, entry.chat)) {
      const message = "Only own messages can be revoked; those of others only in a group, by its admins";
      throw new ZpwootError("INVALID_INPUT", message);
    }
    return this.sendAbout(id, revocationOf, options);
  }

  /** Replaces the text of an own message; see `VirtualPhone.edit`. */
  edit(id: string, text: string, options?: SendOptions): SentText {
    if (!this.#chat.log.get(id).entry.fromMe)
      throw new ZpwootError("INVALID_INPUT", "Only own messages can be edited");
    return this.sendAbout(id, editOf(text), options);
  }

  /** Lets the messages of a chat with one account disappear after so many seconds; 0: no more. */
  setDisappearing(to: Account, seconds: number): SentText {
    this.#chat.setExpiration(to.jid, seconds);
    const protocolMessage = {
      ...{ type: PROTOCOL_TYPE.ephemeralSetting, ephemeralExpiration: seconds },
      ephemeralSettingTimestamp: this.#network.context.seconds,
    };
    return this.#sender.send(this.#sender.newId(), to, { protocolMessage });
  }

  /** Sends a message about any other one, as only a changed client does; see `VirtualForger`. */
  forge(id: string, content: ContentAbout, { to, asAuthor, ...options }: ForgedMessage): SentText {
    const entry = this.#chat.log.find(id)?.entry;
    const key = asAuthor || entry === undefined ? { fromMe: true, id } : this.#keyOf(entry);
    const about = content({ ...key, remoteJid: to.jid });
    return this.#sender.send(this.#sender.newId(), to, about, options);
  }

  #sendShown(to: Recipient, message: ChatMessage, options: SendOptions): SentText {
    const id = this.#sender.newId();
    this.#chat.storeOwn(id, to.jid, message);
    return this.#sender.send(id, to, message, options);
  }

  #contextFor(to: Recipient, { quote, mentions = [] }: WriteOptions): ContextInfo {
    const expiration = this.#chat.expirationOf(to.jid);
    return {
      ...(quote !== undefined && this.#quoted(this.#chat.log.get(quote))),
      ...(mentions.length > 0 && {
        mentionedJid: mentions.map((one) => (typeof one === "string" ? one : one.jid)),
      }),
      ...(expiration > 0 && { expiration }),
    };
  }

  #quoted({ entry, message }: KeptMessage): ContextInfo {
    const quotedMessage = withoutContext(unwrap(message).message);
    return { stanzaId: entry.id, participant: entry.from, quotedMessage };
  }

  #keyOf({ id, chat, fromMe, from }: ChatEntry): MessageKey {
    const isOthers = !fromMe && this.#network.groups.find(chat) !== undefined;
    return { remoteJid: chat, fromMe, id, ...(isOthers ? { participant: from } : {}) };
  }
}

/** The content of a revocation. */
export function revocationOf(key: MessageKey): ChatMessage {
  return { protocolMessage: { key, type: PROTOCOL_TYPE.revoke } };
}

/** The content of an edit. */
export function editOf(text: string): ContentAbout {
  return (key) => ({
    protocolMessage: { key, type: PROTOCOL_TYPE.edit, editedMessage: { conversation: text } },
  });
}

/** A message that quotes and mentions nobody. */
function withoutContext(message: ChatMessage): ChatMessage {
  const parts = Object.entries(message).map(([name, part]: [string, unknown]) => {
    if (typeof part !== "object" || part === null || !("contextInfo" in part)) return [name, part];
    const { contextInfo: _context, ...rest } = part;
    return [name, rest];
  });
  return Object.fromEntries(parts) as ChatMessage;
}
