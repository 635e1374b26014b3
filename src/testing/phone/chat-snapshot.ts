/** Chats as text, for the snapshots of tests: what a person sees, without ids, times and sizes of what is encrypted. */
import type { ChatEntry, MediaContent, MessageContent } from "../context/chat-entry.js";

/** The name of an account or a group. */
export type NameOf = (jid: string) => string;

/** A chat, one line a message, oldest first: `Ana: hello (edited) 👍 Bruno`. */
export function snapshotOf(entries: readonly ChatEntry[], nameOf: NameOf): string {
  return entries.map((entry) => lineOf(entry, nameOf)).join("\n");
}

/** All chats, each below its name, in the order of their first messages. */
export function snapshotOfAll(entries: readonly ChatEntry[], nameOf: NameOf): string {
  const chats = [...new Set(entries.map(({ chat }) => chat))];
  const parts = chats.map((chat) => {
    const own = entries.filter((entry) => entry.chat === chat);
    return `# ${nameOf(chat)}\n${snapshotOf(own, nameOf)}`;
  });
  return parts.join("\n\n");
}

function lineOf(entry: ChatEntry, nameOf: NameOf): string {
  const marks = marksOf(entry, nameOf);
  const reactions = entry.reactions.map(({ from, emoji }) => ` ${emoji} ${nameOf(from)}`).join("");
  const suffix = marks.length === 0 ? "" : ` (${marks.join(", ")})`;
  return `${nameOf(entry.from)}: ${bodyOf(entry, nameOf)}${suffix}${reactions}`;
}

function bodyOf({ status, text = "", content }: ChatEntry, nameOf: NameOf): string {
  if (status === "revoked") return "[revoked]";
  const what = whatOf(content, nameOf);
  // One line a message, whatever it holds.
  const line = text.replaceAll(/\s*\n\s*/gu, " ⏎ ");
  return what === undefined ? line : [`[${what}]`, line].filter((part) => part !== "").join(" ");
}

function marksOf(entry: ChatEntry, nameOf: NameOf): readonly string[] {
  const { quote, mentions, edits, forwarded, viewOnce, disappearsAfter, pinned } = entry;
  return [
    ...(quote === undefined ? [] : [`reply to ${JSON.stringify(quote.text ?? quote.kind)}`]),
    ...(mentions.length === 0 ? [] : [`mentions ${mentions.map(nameOf).join(", ")}`]),
    ...(edits > 0 ? ["edited"] : []),
    ...(forwarded ? ["forwarded"] : []),
    ...(viewOnce ? ["view once"] : []),
    ...(disappearsAfter === undefined ? [] : [`disappears after ${disappearsAfter} s`]),
    ...(pinned ? ["pinned"] : []),
  ];
}

/** What a message is besides its text; undefined for a plain text. */
function whatOf(content: MessageContent, nameOf: NameOf): string | undefined {
  switch (content.kind) {
    case "text":
      return content.preview === undefined ? undefined : `link ${content.preview.url}`;
    case "location":
      return ["location", `${content.latitude},${content.longitude}`, content.name].filter(Boolean).join(" ");
    case "contacts":
      return `contacts ${content.contacts.map(({ name }) => name).join(", ")}`;
    case "buttons":
    case "template":
    case "interactive":
      return `${content.kind} ${content.buttons.map(({ text }) => text).join(" | ")}`;
    case "list":
      return `list ${content.button}: ${content.sections
        .flatMap(({ rows }) => rows.map(({ title }) => title))
        .join(" | ")}`;
    case "reply":
      return `chose ${content.id}`;
    case "poll":
      return `poll ${content.options.map((option) => votesFor(content, option, nameOf)).join(" | ")}`;
    case "group-invite":
      return ["group-invite", content.name].filter(Boolean).join(" ");
    case "product":
      return ["product", content.title].filter(Boolean).join(" ");
    case "event":
      return `event ${content.name}${content.cancelled ? ", cancelled" : ""}`;
    case "unknown":
      return "unknown";
    default:
      return mediaOf(content);
  }
}

function votesFor(
  { votes }: Extract<MessageContent, { readonly kind: "poll" }>,
  option: string,
  nameOf: NameOf,
): string {
  const voters = votes.filter(({ options }) => options.includes(option)).map(({ from }) => nameOf(from));
  return voters.length === 0 ? option : `${option} ← ${voters.join(", ")}`;
}

function mediaOf({ kind, fileName, size }: MediaContent): string {
  return [kind, fileName, `${size} bytes`].filter(Boolean).join(" ");
}
