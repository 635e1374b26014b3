/** What only the author of a message may do to it. WhatsApp acknowledges the rest, and shows nothing of it. */
import type { MessageContent } from "../api/message-content.js";
import { keyIn } from "../api/message-input.js";
import { ZpwootError } from "../errors.js";
import { isGroup } from "./recipient.js";

/**
 * Checks that an edit, and outside of groups a deletion, is of a message of this account. In a group an admin may delete those of others.
 * @throws ZpwootError `INVALID_INPUT`, naming the field.
 */
export function checkAuthor(content: MessageContent, jid: string): void {
  if ("edit" in content && !keyIn(content.edit.message).fromMe)
    throw refused(
      "edit.message must be a message of this account (fromMe: true): WhatsApp edits no others. Send a new one instead",
    );
  if ("delete" in content && !isGroup(jid) && !keyIn(content.delete.message).fromMe)
    throw refused(
      "delete.message must be a message of this account (fromMe: true): those of others can be deleted in groups only, by an admin",
    );
}

function refused(sentence: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `Invalid message: ${sentence}`, { details: [sentence] });
}
