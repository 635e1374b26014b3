/** Makes the messages that a phone sends. */
import { ZpwootError } from "../../../errors.js";
import type { ContextInfo } from "../../wire/chat-content.js";
import type { ChatMessage } from "../../wire/chat-proto.js";
import type { MediaFiles, MediaInput } from "./media-files.js";
import { withoutUndefined } from "./without-undefined.js";

/** A button that answers. */
export interface ButtonInput {
  readonly id: string;
  readonly text: string;
}

/** What a phone sends. */
export type MessageInput =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly preview?: { readonly url: string; readonly title?: string; readonly description?: string };
    }
  | MediaInput
  | {
      readonly kind: "location";
      readonly latitude: number;
      readonly longitude: number;
      readonly name?: string;
      readonly address?: string;
    }
  | {
      readonly kind: "contacts";
      readonly contacts: readonly { readonly name: string; readonly vcard: string }[];
    }
  | {
      readonly kind: "poll";
      readonly name: string;
      readonly options: readonly string[];
      /** How many options one account may choose. Default 0: any number. */
      readonly selectable?: number;
    }
  | {
      readonly kind: "buttons";
      readonly text: string;
      readonly footer?: string;
      readonly buttons: readonly ButtonInput[];
    }
  | {
      readonly kind: "list";
      readonly text: string;
      readonly title?: string;
      /** The text on the button that opens the list. */
      readonly button: string;
      readonly rows: readonly (ButtonInput & { readonly description?: string })[];
    }
  | { readonly kind: "group-invite"; readonly group: string; readonly code: string; readonly name?: string };

const QUICK_REPLY = 1;
const EMPTY_HEADER = 1;
const SINGLE_SELECT = 1;
const SECRET_LENGTH = 32;

/** The message of an input; media is stored first. */
export function writeContent(
  input: MessageInput,
  files: MediaFiles,
  random: (length: number) => Uint8Array,
): ChatMessage {
  switch (input.kind) {
    case "text":
      return writeText(input);
    case "location": {
      const { latitude: degreesLatitude, longitude: degreesLongitude, name, address } = input;
      return {
        locationMessage: { degreesLatitude, degreesLongitude, ...withoutUndefined({ name, address }) },
      };
    }
    case "contacts":
      return writeContacts(input.contacts);
    case "poll": {
      const options = input.options.map((optionName) => ({ optionName }));
      const poll = { name: input.name, options, selectableOptionsCount: input.selectable ?? 0 };
      const messageContextInfo = { messageSecret: random(SECRET_LENGTH) };
      // As clients do it: the third kind is for polls with one answer.
      return poll.selectableOptionsCount === 1
        ? { messageContextInfo, pollCreationMessageV3: poll }
        : { messageContextInfo, pollCreationMessage: poll };
    }
    case "buttons":
      return writeButtons(input);
    case "list":
      return writeList(input);
    case "group-invite": {
      const { group: groupJid, code: inviteCode, name: groupName } = input;
      return { groupInviteMessage: { groupJid, inviteCode, ...withoutUndefined({ groupName }) } };
    }
    default:
      return files.store(input);
  }
}

function writeText({ text, preview }: Extract<MessageInput, { kind: "text" }>): ChatMessage {
  if (preview === undefined) return { conversation: text };
  const { url: matchedText, title, description } = preview;
  return { extendedTextMessage: { text, matchedText, ...withoutUndefined({ title, description }) } };
}

function writeContacts(contacts: readonly { readonly name: string; readonly vcard: string }[]): ChatMessage {
  const all = contacts.map(({ name: displayName, vcard }) => ({ displayName, vcard }));
  const [only] = all;
  if (only !== undefined && all.length === 1) return { contactMessage: only };
  return { contactsArrayMessage: { displayName: `${all.length} contacts`, contacts: all } };
}

function writeButtons({
  text: contentText,
  footer,
  buttons,
}: Extract<MessageInput, { kind: "buttons" }>): ChatMessage {
  const all = buttons.map(({ id, text }) => ({
    ...{ buttonId: id, buttonText: { displayText: text }, type: QUICK_REPLY },
  }));
  const footerText = withoutUndefined({ footerText: footer });
  return { buttonsMessage: { contentText, buttons: all, headerType: EMPTY_HEADER, ...footerText } };
}

function writeList({ text, title, button, rows }: Extract<MessageInput, { kind: "list" }>): ChatMessage {
  const all = rows.map((row) => ({
    ...{ rowId: row.id, title: row.text },
    ...withoutUndefined({ description: row.description }),
  }));
  const shown = { description: text, buttonText: button, listType: SINGLE_SELECT, sections: [{ rows: all }] };
  return { listMessage: { ...shown, ...withoutUndefined({ title }) } };
}

/** The same message with a context: a quote, mentions, a time to disappear after. */
export function withContext(message: ChatMessage, context: ContextInfo): ChatMessage {
  if (Object.keys(context).length === 0) return message;
  if (message.conversation !== undefined) {
    const { conversation: text, ...others } = message;
    return { ...others, extendedTextMessage: { text, contextInfo: context } };
  }
  const [name, part] =
    Object.entries(message as Readonly<Record<string, object>>).find(
      ([field]) => field.endsWith("Message") || /MessageV\d/u.test(field),
    ) ?? [];
  if (name === undefined || part === undefined)
    throw new ZpwootError("INVALID_INPUT", "This message can't quote, mention or disappear");
  const inner = (part as { readonly message?: ChatMessage }).message;
  if (inner !== undefined) return { ...message, [name]: { message: withContext(inner, context) } };
  return {
    ...message,
    [name]: { ...part, contextInfo: { ...(part as { contextInfo?: ContextInfo }).contextInfo, ...context } },
  };
}
