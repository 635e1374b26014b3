/** What a reply shows of the message that it replies to. */
import type { QuotedMessage } from "../api/message-content.js";
import { MAX_DEPTH, WRAPPERS } from "../whatsapp/wrappers.js";

type Fields = Readonly<Record<string, unknown>>;

/** Kinds that are shown, with what is shown of them. The rest of an event's message is not sent back. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  extendedTextMessage: ["text"],
  imageMessage: ["caption", "mimetype", "jpegThumbnail", "height", "width"],
  videoMessage: ["caption", "mimetype", "jpegThumbnail", "height", "width", "seconds", "gifPlayback"],
  audioMessage: ["mimetype", "seconds", "ptt"],
  documentMessage: ["caption", "title", "mimetype", "fileName", "jpegThumbnail", "pageCount"],
  stickerMessage: ["mimetype", "height", "width", "isAnimated"],
  locationMessage: ["degreesLatitude", "degreesLongitude", "name", "address", "jpegThumbnail"],
  contactMessage: ["displayName", "vcard"],
  contactsArrayMessage: ["displayName"],
  pollCreationMessage: ["name"],
  pollCreationMessageV2: ["name"],
  pollCreationMessageV3: ["name"],
};

/** The message as the libraries take it, in the chat `jid` unless it says another. */
export function quotedOf({ key, message }: QuotedMessage, jid: string): Fields {
  const { id, fromMe, remoteJid, participant } = key;
  return {
    key: {
      ...{ id, fromMe: fromMe ?? false, remoteJid: remoteJid ?? jid },
      ...(participant == null ? {} : { participant }),
    },
    message: shownOf(fieldsOf(message), 0) ?? { conversation: "" },
  };
}

function shownOf(content: Fields | undefined, depth: number): Fields | undefined {
  if (content === undefined || depth > MAX_DEPTH) return undefined;
  if (typeof content["conversation"] === "string" && content["conversation"] !== "")
    return { conversation: content["conversation"] };
  for (const [kind, names] of Object.entries(SHOWN)) {
    const found = fieldsOf(content[kind]);
    if (found === undefined) continue;
    const shown = names.flatMap((name) => {
      const value = name === "jpegThumbnail" ? bytesOf(found[name]) : scalarOf(found[name]);
      return value === undefined ? [] : [[name, value] as const];
    });
    return { [kind]: Object.fromEntries(shown) };
  }
  for (const name of WRAPPERS) {
    const inner = fieldsOf(fieldsOf(content[name])?.["message"]);
    if (inner !== undefined) return shownOf(inner, depth + 1);
  }
  return undefined;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function scalarOf(value: unknown): string | number | boolean | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

/** Events over HTTP have bytes as base64. */
function bytesOf(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return typeof value === "string" ? Buffer.from(value, "base64") : undefined;
}
