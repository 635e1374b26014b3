/** Makes the answer to a message that asks for a choice, as the phone of a person does who taps it. */
import { ZpwootError } from "../../../errors.js";
import type { ChatEntry } from "../../context/chat-entry.js";
import type { ChatMessage } from "../../wire/chat-proto.js";

const DISPLAY_TEXT = 1;
const SINGLE_SELECT = 1;
const FLOW_VERSION = 3;

/** The answer with this button or row. Throws `INVALID_INPUT` when the message does not have it. */
export function writeReply({ id, content }: ChatEntry, choice: string): ChatMessage {
  const unknown = (): ZpwootError =>
    new ZpwootError("INVALID_INPUT", `Message ${id} has no button or row with the id or text "${choice}"`);
  if (content.kind === "list") {
    const rows = content.sections.flatMap((section) => section.rows);
    const row = rows.find((one) => one.id === choice || one.title === choice);
    if (row === undefined) throw unknown();
    const singleSelectReply = { selectedRowId: row.id };
    return { listResponseMessage: { title: row.title, listType: SINGLE_SELECT, singleSelectReply } };
  }
  if (content.kind !== "buttons" && content.kind !== "template" && content.kind !== "interactive")
    throw unknown();
  const cards = content.kind === "interactive" ? (content.cards ?? []) : [];
  const buttons = [content, ...cards].flatMap((part) => part.buttons);
  const index = buttons.findIndex((button) => button.id === choice || button.text === choice);
  const button = buttons[index];
  if (button === undefined) throw unknown();
  const { id: selected = "", text } = button;
  if (content.kind === "buttons")
    return {
      buttonsResponseMessage: { selectedButtonId: selected, selectedDisplayText: text, type: DISPLAY_TEXT },
    };
  if (content.kind === "template")
    return {
      templateButtonReplyMessage: { selectedId: selected, selectedDisplayText: text, selectedIndex: index },
    };
  const params = JSON.stringify({ id: selected, display_text: text });
  const flow = { name: button.flow ?? "quick_reply", paramsJson: params, version: FLOW_VERSION };
  return { interactiveResponseMessage: { body: { text }, nativeFlowResponseMessage: flow } };
}
