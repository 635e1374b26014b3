/** Where a message is written: a text, a file, an answer, an edit. */
export const COMPOSER_SCRIPT = String.raw`
const KINDS_OF = { image: ["image", "sticker", "document"], video: ["video", "document"], audio: ["audio", "voice", "document"] };
/** Starts an answer to a message, or an edit of one. */
function compose(view, what) {
  view.quote = what.quote;
  view.edit = what.edit;
  if (what.edit) view.file = undefined;
  drawComposer(view);
  view.input.value = what.edit ? what.edit.text : view.input.value;
  view.input.focus();
}
function dropDraft(view) {
  view.quote = view.edit = view.file = undefined;
  drawComposer(view);
  view.input.focus();
}
function drawNotice(view) {
  const cancel = h("button", { type: "button", class: "plain", onclick: () => { if (view.edit) view.input.value = ""; dropDraft(view); } }, T.cancel);
  const notes = [];
  if (view.quote) notes.push(h("p", { class: "draft" }, h("span", {}, fill(T.replyingTo, { text: gist(view.quote) }))));
  if (view.edit) notes.push(h("p", { class: "draft" }, h("span", {}, T.editing)));
  if (view.file) {
    const kinds = KINDS_OF[view.file.type.split("/")[0]] || ["document"];
    const select = h("select", { onchange: (event) => { view.kind = event.target.value; } }, kinds.map((kind) => h("option", { value: kind }, T[kind])));
    const once = ["image", "video"].includes(kinds[0]) && h("label", {}, h("input", { type: "checkbox", onchange: (event) => { view.once = event.target.checked; } }), " " + T.viewOnce);
    notes.push(h("p", { class: "draft" }, h("span", {}, "📎 " + view.file.name + " (" + sizeOf(view.file.size) + ")"), h("label", {}, T.sendAs + " ", select), once));
  }
  if (notes.length > 0) notes.push(cancel);
  return notes;
}
/** The composer of a chat; its field stays the same while a person writes. */
function makeComposer(view) {
  view.notice = h("div", { class: "notice" });
  view.input = h("input", { type: "text", autocomplete: "off", placeholder: T.message, "aria-label": T.message + " · " + titleOf(view.chat) });
  const choose = (event) => {
    view.file = event.target.files[0];
    view.kind = view.file && (KINDS_OF[view.file.type.split("/")[0]] || ["document"])[0];
    view.once = false;
    event.target.value = "";
    drawComposer(view);
    view.input.focus();
  };
  const file = h("label", { class: "attach" }, h("input", { type: "file", class: "sr", onchange: choose }), h("span", { "aria-hidden": "true" }, "📎"), hidden(T.attach));
  const submit = (event) => {
    event.preventDefault();
    if (view.input.value || view.file) act(view, () => sendDraft(view));
  };
  view.composer = h("form", { class: "composer", onsubmit: submit, onkeydown: (event) => { if (event.key === "Escape" && (view.quote || view.edit || view.file)) dropDraft(view); } }, view.notice, h("div", { class: "row" }, file, view.input, h("button", {}, T.send)));
  drawComposer(view);
  return view.composer;
}
function drawComposer(view) {
  view.notice.replaceChildren(...drawNotice(view));
}
async function sendDraft(view) {
  const { quote, edit, file, kind, once } = view;
  const text = view.input.value;
  const to = view.chat;
  view.input.value = "";
  view.quote = view.edit = view.file = undefined;
  drawComposer(view);
  try {
    if (edit) return await about(view, edit, "edit", { text });
    if (file) return await sendFile(view, { file, kind, once, to, text, quote });
    return await post("/phones/" + view.number + "/messages", { to, text, quote: quote && quote.id });
  } catch (error) {
    if (view.chat === to && !view.input.value) { Object.assign(view, { quote, edit, file, kind, once }); view.input.value = text; drawComposer(view); }
    throw error;
  }
}
async function sendFile(view, { file, kind, once, to, text, quote }) {
  const query = new URLSearchParams({ to, kind, fileName: file.name });
  if (text && ["image", "video", "document"].includes(kind)) query.set("caption", text);
  if (quote) query.set("quote", quote.id);
  if (once && ["image", "video"].includes(kind)) query.set("viewOnce", "true");
  if (kind === "image" || kind === "sticker") {
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (picture) { query.set("width", picture.width); query.set("height", picture.height); }
  }
  return post("/phones/" + view.number + "/media?" + query, file, file.type || "application/octet-stream");
}
`;
