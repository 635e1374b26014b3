/** Draws the messages of a chat as bubbles, and what can be done with each. */
export const BUBBLES_SCRIPT = String.raw`
const EMOJIS = ["👍", "❤️", "😂", "😮", "🙏"];
const keyOf = (entry) => entry.chat + " " + entry.from + " " + entry.id;
const about = (view, entry, deed, body) => post("/phones/" + view.number + "/messages/" + encodeURIComponent(entry.id) + "/" + deed, body);
/** A message in a few words. */
function gist(entry) {
  if (entry.status === "revoked") return T.revoked;
  const content = entry.content;
  if (isMedia(content)) return [T[content.kind], entry.text || content.fileName].filter(Boolean).join(": ");
  const words = { location: T.location, contacts: T.contact, poll: T.poll + ": " + content.name, "group-invite": fill(T.invitation, { name: content.name || "" }), product: fill(T.product, { name: content.title || "" }), event: fill(T.event, { name: content.name }) };
  return words[content.kind] || entry.text || content.title || T.unknown;
}
function drawMenu(view, entry) {
  const mine = (entry.reactions.find((reaction) => phoneBy(reaction.from)?.phoneNumber === view.number) || {}).emoji;
  const button = (focus, text, label, deed) => h("button", { type: "button", class: "plain", "data-focus": focus, "aria-label": label, onclick: () => { view.menu = undefined; deed(); drawBubbles(view); } }, text);
  const react = (emoji) => button("react " + emoji, emoji, fill(T.react, { emoji }), () => act(view, () => about(view, entry, "react", { emoji })));
  return h("div", { class: "menu" },
    EMOJIS.map(react),
    mine && button("unreact", "✕ " + mine, T.unreact, () => act(view, () => about(view, entry, "react", { emoji: "" }))),
    button("reply", T.reply, undefined, () => compose(view, { quote: entry })),
    entry.fromMe && entry.text && button("edit", T.edit, undefined, () => compose(view, { edit: entry })),
    (entry.fromMe || isGroup(entry.chat)) && button("revoke", T.revoke, undefined, () => act(view, () => about(view, entry, "revoke"))));
}
function drawQuote({ from, text, kind }) {
  return h("div", { class: "quoted" }, from && h("strong", {}, titleOf(from)), h("p", {}, text || T[kind] || kind));
}
function drawReactions(view, entry) {
  if (entry.reactions.length === 0) return undefined;
  return h("p", { class: "reactions" }, entry.reactions.map(({ from, emoji }) => h("span", { title: titleOf(from) }, emoji, hidden(" " + titleOf(from)))));
}
function drawMeta(entry) {
  const notes = [entry.edits > 0 && T.edited, entry.pinned && T.pinned, entry.disappearsAfter && fill(T.disappears, { time: duration(entry.disappearsAfter) })].filter(Boolean);
  const ticks = { sent: "✓", delivered: "✓✓", read: "✓✓" }[entry.fromMe ? entry.status : ""];
  return h("p", { class: "meta" }, notes.map((note) => note + " · "), time(entry.timestamp), ticks && h("span", { class: "ticks " + entry.status, "aria-hidden": "true" }, " " + ticks), ticks && hidden(" " + T[entry.status]));
}
function drawBubble(view, entry) {
  const isOpen = view.menu === keyOf(entry);
  const revoked = entry.status === "revoked";
  const toggle = () => { view.menu = isOpen ? undefined : keyOf(entry); drawBubbles(view); };
  // The text of a message with buttons stands above them, and that of a poll is in it.
  const above = entry.content.kind === "list" || entry.content.buttons !== undefined;
  const text = entry.text && entry.content.kind !== "poll" && h("p", { class: "text" }, entry.text);
  const parts = revoked ? [h("p", { class: "soft" }, "🚫 " + T.revoked)] : [
    entry.forwarded && h("small", { class: "soft" }, "↪ " + T.forwarded), entry.quote && drawQuote(entry.quote), above && text, drawContent(view, entry), !above && text,
    entry.mentions.length > 0 && h("small", { class: "soft" }, fill(T.mentions, { names: entry.mentions.map(titleOf).join(", ") })),
  ];
  const showAuthor = !entry.fromMe && (isGroup(entry.chat) || entry.chat === "status@broadcast");
  return h("li", { class: "bubble " + (entry.fromMe ? "own" : "other") + " kind-" + entry.content.kind },
    hidden((entry.fromMe ? T.you : titleOf(entry.from)) + ":"), showAuthor && h("strong", { class: "author", "aria-hidden": "true" }, titleOf(entry.from)), parts, drawMeta(entry), drawReactions(view, entry),
    !revoked && h("button", { type: "button", class: "more", "data-focus": "more", "aria-expanded": String(isOpen), "aria-label": fill(T.actions, { text: gist(entry) }), onclick: toggle }, "⋯"),
    isOpen && !revoked && drawMenu(view, entry));
}
/** Draws what changed, and keeps the rest: a video goes on playing, and the focus stays. */
function drawBubbles(view) {
  const log = view.log;
  if (!log) return;
  const entries = [...view.messages.values()].filter((entry) => entry.chat === view.chat);
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const last = log.lastElementChild;
  const wanted = new Set(entries.map(keyOf));
  for (const line of [...log.children]) if (!wanted.has(line.dataset.key)) line.remove();
  entries.forEach((entry, index) => {
    const text = JSON.stringify(entry) + (view.menu === keyOf(entry)) + view.names;
    const old = [...log.children].find((line) => line.dataset.key === keyOf(entry));
    if (old && old.drawn === text) return;
    const fresh = drawBubble(view, entry);
    fresh.dataset.key = keyOf(entry);
    fresh.drawn = text;
    const focus = old && old.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    if (old) old.replaceWith(fresh);
    else log.insertBefore(fresh, log.children[index] || null);
    if (focus) ([...fresh.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === focus) || fresh.querySelector(".more"))?.focus();
  });
  if (atEnd || last !== log.lastElementChild) log.scrollTop = log.scrollHeight;
  markRead(view, entries);
}
function markRead(view, entries) {
  if (document.visibilityState !== "visible" || !view.section.checkVisibility()) return;
  for (const entry of entries.filter((one) => !one.fromMe && one.status === "received" && !view.reading.has(keyOf(one)))) {
    view.reading.add(keyOf(entry));
    about(view, entry, "read").catch(() => {});
  }
}
`;
