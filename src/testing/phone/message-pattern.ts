/** What a test expects of a message, and which message comes closest to it. */
import type { ChatEntry, ChatEntryStatus, MessageContent } from "../context/chat-entry.js";

/** A phone, a group, or their JID or number. */
type Address = { readonly jid: string } | string;

/** What a message must have; what is left out may be anything. */
export interface MessagePattern {
  /** The whole text, or an expression that it matches. */
  readonly text?: string | RegExp;
  readonly kind?: MessageContent["kind"];
  /** Who wrote it. */
  readonly from?: Address;
  /** The chat that it is in. */
  readonly chat?: Address;
  readonly status?: ChatEntryStatus;
  /** Id of the message that it quotes. */
  readonly quote?: string;
  /** An emoji that somebody reacted with. */
  readonly reaction?: string;
  /** A button, or a row of a list, by its id or text. */
  readonly button?: string;
  /** Whether its text was replaced. */
  readonly edited?: boolean;
}

/** Resolves an address to the JID that messages are kept under. */
export type ResolveAddress = (address: string) => string;

/** What of a message is not as expected, as sentences; empty when it is the one. */
export function mismatches(entry: ChatEntry, pattern: MessagePattern, resolve: ResolveAddress): string[] {
  const { text, kind, from, chat, status, quote, reaction, button, edited } = pattern;
  const jidOf = (address: Address): string => resolve(typeof address === "string" ? address : address.jid);
  const wrong: string[] = [];
  const check = (name: string, isRight: boolean, actual: unknown, expected: unknown): void => {
    if (!isRight) wrong.push(`${name} is ${shown(actual)} instead of ${shown(expected)}`);
  };
  if (text !== undefined) check("text", isText(entry.text, text), entry.text, text);
  if (kind !== undefined) check("kind", entry.content.kind === kind, entry.content.kind, kind);
  if (from !== undefined) check("from", entry.from === jidOf(from), entry.from, jidOf(from));
  if (chat !== undefined) check("chat", entry.chat === jidOf(chat), entry.chat, jidOf(chat));
  if (status !== undefined) check("status", entry.status === status, entry.status, status);
  if (quote !== undefined) check("quote", entry.quote?.id === quote, entry.quote?.id, quote);
  if (edited !== undefined) check("edited", entry.edits > 0 === edited, entry.edits > 0, edited);
  const emojis = entry.reactions.map(({ emoji }) => emoji);
  if (reaction !== undefined) check("reaction", emojis.includes(reaction), emojis, reaction);
  const choices = choicesIn(entry.content);
  if (button !== undefined) check("button", choices.flat().includes(button), choices, button);
  return wrong;
}

/** The pattern in words, for the message of an error. */
export function described(pattern: MessagePattern): string {
  const parts = Object.entries(pattern).flatMap(([name, value]: readonly [string, unknown]) =>
    value === undefined ? [] : [`${name} ${shown(value)}`],
  );
  return parts.length === 0 ? "a message" : `a message with ${parts.join(", ")}`;
}

/** The message that has least wrong with it, and what; undefined when there is none. */
export function closestTo(
  entries: readonly ChatEntry[],
  pattern: MessagePattern,
  resolve: ResolveAddress,
): string | undefined {
  const all = entries.map((entry) => mismatches(entry, pattern, resolve));
  const least = Math.min(...all.map(({ length }) => length));
  // The newest of them.
  const wrong = all.findLast(({ length }) => length === least);
  return wrong?.join(", ");
}

function isText(actual: string | undefined, expected: string | RegExp): boolean {
  return typeof expected === "string" ? actual === expected : actual?.search(expected) !== -1;
}

/** Each with its id and its text. */
function choicesIn(content: MessageContent): readonly (readonly string[])[] {
  if (content.kind === "list")
    return content.sections.flatMap(({ rows }) => rows.map(({ id, title }) => [id, title]));
  if (!("buttons" in content)) return [];
  return content.buttons.map(({ id, text }) => (id === undefined ? [text] : [id, text]));
}

function shown(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  if (typeof value === "object" && value !== null && "jid" in value) return shown(value.jid);
  return value === undefined ? "none" : JSON.stringify(value);
}
