/** Reads messages that ask for a choice, and the answers to them. */
import type { ButtonsContent, MessageButton, MessageContent } from "../../context/chat-entry.js";
import type {
  ButtonsMessage,
  HydratedTemplate,
  InteractiveMessage,
  ListMessage,
  PollMessage,
} from "../../wire/chat-content.js";
import type { ChatMessage } from "../../wire/chat-proto.js";
import { describeMedia, fieldIn } from "./read-media.js";
import { withoutUndefined } from "./without-undefined.js";

/** Content with the text that stands above it. */
export interface ReadContent {
  readonly content: MessageContent;
  readonly text: string | undefined;
}

/** The choice that a message asks for, or answers; undefined when it is something else. */
export function readChoice(message: ChatMessage): ReadContent | undefined {
  const { buttonsMessage, listMessage, templateMessage, interactiveMessage } = message;
  if (buttonsMessage) return buttons(buttonsMessage);
  if (listMessage) return list(listMessage);
  const interactive = interactiveMessage ?? templateMessage?.interactiveMessageTemplate;
  if (interactive) return readInteractive(interactive);
  const template = templateMessage?.hydratedTemplate ?? templateMessage?.hydratedFourRowTemplate;
  if (template) return readTemplate(template);
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  if (poll) return readPoll(poll);
  return readReply(message);
}

function buttons(message: ButtonsMessage): ReadContent {
  const all = (message.buttons ?? []).map(({ buttonId, buttonText, nativeFlowInfo }) => ({
    text: buttonText?.displayText ?? "",
    ...withoutUndefined({ id: buttonId, flow: nativeFlowInfo?.name, params: nativeFlowInfo?.paramsJson }),
  }));
  const { text: title, footerText: footer } = message;
  const content = { kind: "buttons", ...withButtons({ title, footer, media: message, all }) } as const;
  return { content, text: message.contentText };
}

function readTemplate(message: HydratedTemplate): ReadContent {
  const all = (message.hydratedButtons ?? []).map(({ quickReplyButton, urlButton, callButton }) => ({
    text: (quickReplyButton ?? urlButton ?? callButton)?.displayText ?? "",
    ...withoutUndefined({
      id: quickReplyButton?.id,
      url: urlButton?.url,
      phoneNumber: callButton?.phoneNumber,
    }),
  }));
  const { hydratedTitleText: title, hydratedFooterText: footer } = message;
  const content = { kind: "template", ...withButtons({ title, footer, media: message, all }) } as const;
  return { content, text: message.hydratedContentText };
}

function readInteractive(message: InteractiveMessage): ReadContent {
  const cards = message.carouselMessage?.cards?.map((card) => ({
    ...interactiveParts(card),
    ...withoutUndefined({ text: card.body?.text }),
  }));
  const content = {
    kind: "interactive",
    ...interactiveParts(message),
    ...withoutUndefined({ cards }),
  } as const;
  return { content, text: message.body?.text };
}

function interactiveParts({ header, footer, nativeFlowMessage }: InteractiveMessage): ButtonsContent {
  const all = (nativeFlowMessage?.buttons ?? []).map(({ name = "", buttonParamsJson = "{}" }) => {
    const params = flowParams(buttonParamsJson);
    return {
      text: params.display_text ?? params.title ?? name,
      flow: name,
      params: buttonParamsJson,
      ...withoutUndefined({ id: params.id, url: params.url, phoneNumber: params.phone_number }),
    };
  });
  return withButtons({ title: header?.title, footer: footer?.text, media: header ?? {}, all });
}

interface FlowParams {
  readonly display_text?: string;
  readonly title?: string;
  readonly id?: string;
  readonly url?: string;
  readonly phone_number?: string;
}

function flowParams(json: string): FlowParams {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function withButtons({
  title,
  footer,
  media,
  all,
}: {
  readonly title: string | undefined;
  readonly footer: string | undefined;
  readonly media: Parameters<typeof fieldIn>[0];
  readonly all: readonly MessageButton[];
}): ButtonsContent {
  const found = fieldIn(media);
  const header = found === undefined ? undefined : describeMedia(found);
  return { buttons: all, ...withoutUndefined({ title, footer, header }) };
}

function list({
  title,
  description,
  buttonText = "",
  footerText: footer,
  sections = [],
}: ListMessage): ReadContent {
  const content = {
    kind: "list",
    button: buttonText,
    sections: sections.map((section) => ({
      rows: (section.rows ?? []).map((row) => ({
        id: row.rowId ?? "",
        title: row.title ?? "",
        ...withoutUndefined({ description: row.description }),
      })),
      ...withoutUndefined({ title: section.title }),
    })),
    ...withoutUndefined({ title, footer }),
  } as const;
  return { content, text: description };
}

function readPoll({ name = "", options = [], selectableOptionsCount = 0 }: PollMessage): ReadContent {
  const content = {
    kind: "poll",
    name,
    options: options.map(({ optionName = "" }) => optionName),
    selectable: selectableOptionsCount,
    votes: [],
  } as const;
  return { content, text: name };
}

function readReply(message: ChatMessage): ReadContent | undefined {
  const {
    buttonsResponseMessage,
    listResponseMessage,
    templateButtonReplyMessage,
    interactiveResponseMessage,
  } = message;
  if (buttonsResponseMessage) {
    const { selectedButtonId: id = "", selectedDisplayText: text } = buttonsResponseMessage;
    return { content: { kind: "reply", to: "buttons", id }, text };
  }
  if (templateButtonReplyMessage) {
    const { selectedId: id = "", selectedDisplayText: text } = templateButtonReplyMessage;
    return { content: { kind: "reply", to: "template", id }, text };
  }
  if (listResponseMessage) {
    const { title: text, singleSelectReply } = listResponseMessage;
    return { content: { kind: "reply", to: "list", id: singleSelectReply?.selectedRowId ?? "" }, text };
  }
  if (interactiveResponseMessage) {
    const { body, nativeFlowResponseMessage } = interactiveResponseMessage;
    const params = nativeFlowResponseMessage?.paramsJson;
    const id = flowParams(params ?? "{}").id ?? "";
    const content = { kind: "reply", to: "interactive", id, ...withoutUndefined({ params }) } as const;
    return { content, text: body?.text };
  }
  return undefined;
}
