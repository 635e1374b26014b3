/** What messages do to other messages on a phone: revocations, edits, reactions, votes and pins, as far as their author may. */
import type { ChatEntry } from "../context/chat-entry.js";
import type { Account } from "../network/account.js";
import type { Network } from "../network/network.js";
import { PROTOCOL_TYPE, type ChatMessage, type ProtocolMessage } from "../wire/chat-proto.js";
import type { PollUpdateMessage } from "../wire/chat-content.js";
import { openVote } from "../wire/poll-crypto.js";
import type { ChatLog, KeptMessage } from "./chat-log.js";
import { readContent } from "./content/read-content.js";

/** Where a message about another one comes from. */
export interface ChangeOrigin {
  /** Of the message that makes the change. */
  readonly id: string;
  readonly chat: string;
  /** JID of the account. */
  readonly from: string;
  /** JID of the device. */
  readonly device: string;
}

const PIN = 1;

/** Changes the messages of one phone. */
export class MessageChanges {
  readonly #network: Network;
  readonly #log: ChatLog;

  constructor(network: Network, log: ChatLog) {
    this.#network = network;
    this.#log = log;
  }

  /** Applies a message about another one. Returns false when it is not about another one. */
  apply(message: ChatMessage, origin: ChangeOrigin): boolean {
    const { protocolMessage, reactionMessage, pollUpdateMessage, pinInChatMessage, keepInChatMessage } =
      message;
    if (protocolMessage !== undefined) this.#protocol(protocolMessage, origin);
    else if (reactionMessage !== undefined) this.#react(reactionMessage, origin);
    else if (pollUpdateMessage !== undefined) this.#vote(pollUpdateMessage, origin);
    else if (pinInChatMessage !== undefined) {
      const target = this.#target(pinInChatMessage.key?.id, origin);
      if (target) this.#log.change(target.entry, "pin", { pinned: pinInChatMessage.type === PIN });
    } else return keepInChatMessage !== undefined;
    return true;
  }

  /** Whether an account is an admin of a group. */
  isAdmin(account: Account | undefined, chat: string): boolean {
    const role = account && this.#network.groups.find(chat)?.role(account);
    return role === "admin" || role === "superadmin";
  }

  #target(id: string | undefined, { chat }: ChangeOrigin): KeptMessage | undefined {
    return id === undefined ? undefined : this.#log.find(id, chat);
  }

  #protocol(
    { key, type = PROTOCOL_TYPE.revoke, editedMessage, memberLabel }: ProtocolMessage,
    origin: ChangeOrigin,
  ): void {
    if (type === PROTOCOL_TYPE.memberLabel) this.#label(memberLabel?.label, origin);
    if (type === PROTOCOL_TYPE.revoke) this.#revoke(this.#target(key?.id, origin), origin);
    if (type === PROTOCOL_TYPE.edit && editedMessage !== undefined)
      this.#edit(this.#target(key?.id, origin), editedMessage, origin);
  }

  /** A member of a group says what it is there. */
  #label(label: string | undefined, { chat, from }: ChangeOrigin): void {
    const account = this.#network.directory.find(from);
    if (account !== undefined) this.#network.groups.find(chat)?.setLabel(account, label);
  }

  /** Counts when it comes from the author, or in a group from an admin. */
  #revoke(target: KeptMessage | undefined, origin: ChangeOrigin): void {
    if (target === undefined) return;
    const { entry } = target;
    const by = this.#network.directory.find(origin.from);
    if (!this.#isSame(entry.from, origin.from) && !this.isAdmin(by, origin.chat))
      return this.#forged(origin, "A message of another account was revoked, by no admin of a group");
    this.#log.change(entry, "revoke", { status: "revoked" });
  }

  /** Counts when it comes from the author. */
  #edit(target: KeptMessage | undefined, edited: ChatMessage, origin: ChangeOrigin): void {
    if (target === undefined) return;
    const { entry } = target;
    if (!this.#isSame(entry.from, origin.from))
      return this.#forged(origin, "A message of another account was edited");
    const { text, content } = readContent(edited, (jid) => this.#network.directory.find(jid)?.jid ?? jid);
    const isMedia = "mimetype" in entry.content;
    // An edit of media is its caption.
    const shown = isMedia ? entry.content : content;
    this.#log.change(
      entry,
      "edit",
      { text, content: shown, edits: entry.edits + 1 },
      isMedia ? undefined : edited,
    );
  }

  #react({ key, text = "" }: NonNullable<ChatMessage["reactionMessage"]>, origin: ChangeOrigin): void {
    const target = this.#target(key?.id, origin);
    if (target === undefined) return;
    const { from } = origin;
    const others = target.entry.reactions.filter((reaction) => reaction.from !== from);
    const reactions = text === "" ? others : [...others, { from, emoji: text }];
    this.#log.change(target.entry, "reaction", { reactions });
  }

  #vote({ pollCreationMessageKey, vote }: PollUpdateMessage, origin: ChangeOrigin): void {
    const target = this.#target(pollCreationMessageKey?.id, origin);
    const secret = target?.message.messageContextInfo?.messageSecret;
    if (target?.entry.content.kind !== "poll" || secret === undefined) return;
    const { entry } = target;
    const content = target.entry.content;
    const { encPayload, encIv } = vote ?? {};
    if (encPayload === undefined || encIv === undefined) return;
    const options = this.#opened(entry, { encPayload, encIv, secret }, origin, content.options);
    if (options === undefined)
      return this.#forged(origin, "A vote is not sealed with the secret of its poll");
    if (content.selectable > 0 && options.length > content.selectable)
      return this.#forged(origin, "A vote has more options than the poll allows");
    const { from } = origin;
    const others = content.votes.filter((one) => one.from !== from);
    this.#log.change(entry, "vote", { content: { ...content, votes: [...others, { from, options }] } });
  }

  /** Clients name accounts in a vote by phone number or by LID. */
  #opened(
    { id, from }: ChatEntry,
    { encPayload, encIv, secret }: { encPayload: Uint8Array; encIv: Uint8Array; secret: Uint8Array },
    origin: ChangeOrigin,
    options: readonly string[],
  ): readonly string[] | undefined {
    for (const creator of this.#addressesOf(from))
      for (const voter of this.#addressesOf(origin.from)) {
        const opened = openVote(encPayload, encIv, { pollId: id, creator, voter, secret }, options);
        if (opened !== undefined) return opened;
      }
    return undefined;
  }

  /** Whether two addresses are one account's, which may have changed its number. */
  #isSame(one: string, other: string): boolean {
    const account = this.#network.directory.find(one);
    return one === other || (account !== undefined && account === this.#network.directory.find(other));
  }

  #addressesOf(jid: string): readonly string[] {
    const account = this.#network.directory.find(jid);
    return account === undefined ? [jid] : [account.jid, account.lid];
  }

  /** A client did what its account may not; the phone shows nothing of it. */
  #forged({ id, device }: ChangeOrigin, problem: string): void {
    this.#network.reportOnce(device, id, problem);
  }
}
