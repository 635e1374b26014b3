/** Draws what a message holds, one function per kind. */
export const CONTENT_SCRIPT = String.raw`
const mediaPath = (view, entry) => "/admin/phones/" + view.number + "/messages/" + encodeURIComponent(entry.id) + "/media";
const isMedia = (content) => ["image", "video", "audio", "voice", "document", "sticker"].includes(content.kind);

function drawMedia(view, entry, media) {
  const label = T[media.kind] + (entry.text ? ": " + entry.text : "");
  const gone = (event) => event.target.replaceWith(h("p", { class: "soft" }, T[media.kind] + " · " + T.fileGone));
  const src = mediaPath(view, entry);
  if (media.kind === "image" || media.kind === "sticker") return h("img", { src, alt: label, class: media.kind, onerror: gone });
  if (media.kind === "video") return h("video", { src, controls: true, preload: "metadata", "aria-label": label, onerror: gone });
  if (media.kind === "document") {
    const name = media.fileName || T.document;
    return h("a", { href: src, download: name, class: "file" }, "📄 ", hidden(fill(T.download, { name: "", size: "" })), name, h("small", {}, " " + sizeOf(media.size)));
  }
  return h("div", { class: "sound" }, h("span", {}, media.kind === "voice" ? "🎤 " + T.voice : "🎵 " + T.audio), h("audio", { src, controls: true, preload: "metadata", "aria-label": label, onerror: gone }));
}
function drawOnce(view, entry, media) {
  if (entry.fromMe) return h("p", { class: "soft" }, "① " + T.wasOnce + " · " + T[media.kind]);
  if (view.opened.has(entry.id)) return h("p", { class: "soft" }, "① " + T.opened);
  const box = h("div", {});
  const open = () => {
    view.opened.add(entry.id);
    box.replaceChildren(drawMedia(view, entry, media));
  };
  box.append(h("button", { type: "button", class: "plain", onclick: open, "data-focus": "once" }, "① " + T.openOnce));
  return box;
}
const drawFile = (view, entry, media) => (entry.viewOnce ? drawOnce : drawMedia)(view, entry, media);

function drawChoice(view, entry, text, choice, detail) {
  return h("button", { type: "button", class: "choice", "data-focus": "choice " + choice, onclick: () => act(view, () => about(view, entry, "choose", { choice })) },
    hidden(fill(T.choose, { text: "" }).replace(/[“”"]/g, "")), text, detail && h("small", {}, detail));
}
function drawButton(view, entry, button) {
  if (button.url) {
    const safe = /^https?:/i.test(button.url);
    return safe ? h("a", { class: "choice", href: button.url, target: "_blank", rel: "noopener noreferrer" }, button.text + " ↗") : h("p", { class: "choice" }, button.text + ": " + button.url);
  }
  if (button.phoneNumber) return h("p", { class: "choice" }, "📞 " + button.text, h("small", {}, fill(T.calls, { number: button.phoneNumber })));
  return drawChoice(view, entry, button.text, button.id || button.text, button.flow && button.flow !== "quick_reply" && button.flow);
}
function drawButtons(view, entry, part) {
  return [
    part.title && h("strong", {}, part.title), part.header && drawFile(view, entry, part.header), part.text && h("p", { class: "text" }, part.text),
    part.footer && h("small", { class: "soft" }, part.footer), h("div", { class: "choices" }, part.buttons.map((button) => drawButton(view, entry, button))),
  ];
}
function drawList(view, entry, list) {
  const rows = list.sections.flatMap((section) => [
    section.title && h("strong", {}, section.title),
    ...section.rows.map((row) => drawChoice(view, entry, row.title, row.id, row.description)),
  ]);
  return [list.title && h("strong", {}, list.title), list.footer && h("small", { class: "soft" }, list.footer),
    h("details", { class: "list", open: view.lists.has(entry.id), ontoggle: (event) => view.lists[event.target.open ? "add" : "delete"](entry.id) }, h("summary", { "data-focus": "list" }, "☰ " + list.button), h("div", { class: "choices" }, rows))];
}
function drawPoll(view, entry, poll) {
  const mine = (poll.votes.find((vote) => phoneBy(vote.from)?.phoneNumber === view.number) || { options: [] }).options;
  const type = poll.selectable === 1 ? "radio" : "checkbox";
  const hint = poll.selectable === 1 ? T.pollOne : poll.selectable ? fill(T.pollSome, { count: poll.selectable }) : T.pollMany;
  const lines = poll.options.map((option, index) => {
    const voters = poll.votes.filter((vote) => vote.options.includes(option)).map((vote) => titleOf(vote.from));
    return h("label", { class: "option" }, h("input", { type, name: view.number + entry.id, value: option, checked: mine.includes(option), "data-focus": "option " + index }), h("span", {}, option),
      voters.length > 0 && h("small", { title: voters.join(", ") }, hidden(fill(T.votes, { count: voters.length, names: voters.join(", ") })), h("span", { "aria-hidden": "true" }, String(voters.length))));
  });
  const submit = (event) => {
    event.preventDefault();
    const options = [...event.target.querySelectorAll("input:checked")].map((input) => input.value);
    act(view, () => about(view, entry, "vote", { options }));
  };
  return h("form", { class: "poll", onsubmit: submit }, h("fieldset", {}, h("legend", {}, h("strong", {}, "📊 " + poll.name), h("small", {}, hint)), lines), h("button", { class: "plain", "data-focus": "vote" }, T.vote));
}
function drawContact({ name, vcard }) {
  const numbers = [...vcard.matchAll(/^TEL[^:\n]*:(.*)$/gim)].map((found) => found[1].trim());
  return h("p", {}, "👤 " + name, hidden(" " + T.contact), h("small", {}, numbers.join(", ")));
}
function drawContent(view, entry) {
  const content = entry.content;
  if (isMedia(content)) return drawFile(view, entry, content);
  switch (content.kind) {
    case "text": return content.preview && h("div", { class: "quoted" }, h("strong", {}, content.preview.title || content.preview.url), content.preview.description && h("p", {}, content.preview.description), h("small", {}, content.preview.url));
    case "location": return h("p", {}, "📍 " + (content.name || T.location) + (content.live ? " · " + T.live : ""), h("small", {}, [content.address, content.latitude + ", " + content.longitude].filter(Boolean).join(" · ")));
    case "contacts": return content.contacts.map(drawContact);
    case "buttons": case "template": return drawButtons(view, entry, content);
    case "interactive": return [...drawButtons(view, entry, content), content.cards && h("div", { class: "cards" }, content.cards.map((card) => h("div", { class: "card" }, drawButtons(view, entry, card))))];
    case "list": return drawList(view, entry, content);
    case "poll": return drawPoll(view, entry, content);
    case "reply": return h("small", { class: "soft" }, "↳ " + fill(T.chose, { id: content.id }));
    case "group-invite": return h("p", {}, "👥 " + fill(T.invitation, { name: content.name || content.group }));
    case "product": return h("p", {}, "🛍 " + fill(T.product, { name: content.title || content.id }));
    case "event": return h("p", {}, "📅 " + fill(T.event, { name: content.name }) + (content.cancelled ? " · " + T.cancelled : ""));
    default: return !entry.text && h("p", { class: "soft" }, T.unknown);
  }
}
`;
