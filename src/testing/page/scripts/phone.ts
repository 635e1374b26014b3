/** A phone: its frame, its list of chats, one chat, its linked devices. */
export const PHONE_SCRIPT = String.raw`
/** Does something for a phone, and says on it what went wrong. */
async function act(view, deed) {
  say(view, "");
  try { return await deed(); } catch (error) { say(view, fill(T.failed, { message: error.message }), true); }
}
function say(view, text, isProblem) {
  view.said.className = "said" + (isProblem ? " problem" : "");
  view.said.textContent = text;
}
function makeView(number) {
  const view = { number, screen: "chats", messages: new Map(), opened: new Set(), lists: new Set(), reading: new Set(), names: "", how: "close", typing: new Map() };
  view.head = h("header", {});
  view.body = h("div", { class: "body" });
  view.said = h("p", { class: "said", role: "status" });
  view.section = h("section", { class: "phone", id: "phone-" + number, tabindex: "-1" }, h("div", { class: "glass" }, view.head, view.body, view.said));
  views.set(number, view);
  return view;
}
async function loadMessages(view) {
  const { messages } = await get("/phones/" + view.number + "/messages?limit=2000");
  view.messages = new Map(messages.map((entry) => [keyOf(entry), entry]));
  drawScreen(view);
  drawTabs();
}
/** Shows a screen of the phone, and moves the focus there. */
function go(view, screen, chat) {
  const from = view.chat;
  Object.assign(view, { screen, chat, menu: undefined, quote: undefined, edit: undefined, file: undefined, log: undefined, devices: undefined });
  say(view, "");
  if (screen === "chat") {
    view.log = h("ol", { class: "screen log", role: "log", "aria-label": titleOf(chat), tabindex: "0" });
    const writable = chat !== "status@broadcast" && !chat.endsWith("@newsletter");
    view.body.replaceChildren(view.log, ...(writable ? [makeComposer(view)] : []));
  } else if (screen === "devices") view.body.replaceChildren(makeDevices(view));
  else view.body.replaceChildren((view.list = h("div", { class: "screen chats" })));
  view.list = screen === "chats" ? view.list : undefined;
  drawScreen(view);
  if (screen === "chat") { view.log.scrollTop = view.log.scrollHeight; (view.input || view.log).focus({ preventScroll: true }); }
  else if (screen === "devices") view.head.querySelector("button")?.focus();
  else ([...view.list.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === "chat " + from) || view.list.querySelector("button"))?.focus({ preventScroll: true });
}
function drawScreen(view) {
  drawHead(view);
  if (view.screen === "chat") drawBubbles(view);
  else if (view.screen === "devices") drawDevices(view);
  else drawChats(view);
}
function drawHead(view) {
  const phone = phoneBy(view.number + "@s.whatsapp.net");
  if (!phone) return;
  const title = view.screen === "chat" ? titleOf(view.chat) : nameOf(phone);
  const typists = view.screen === "chat" ? [...view.typing].filter(([chat]) => chat === view.chat) : [];
  const note = typists.length > 0 ? T.typing : view.screen === "chat" ? (isGroup(view.chat) ? T.group : "") : pretty(view.number) + (phone.banned ? " · " + T.banned : "");
  const text = JSON.stringify([view.screen, title, note, phone.name]);
  view.section.setAttribute("aria-label", fill(T.phoneOf, { name: nameOf(phone) }));
  if (view.head.drawn === text) return;
  view.head.drawn = text;
  const back = view.screen !== "chats" && h("button", { type: "button", class: "icon", "data-focus": "back", "aria-label": T.back, onclick: () => go(view, "chats") }, "‹");
  redraw(view.head, [back, avatar(title, view.screen === "chat" ? view.chat : view.number), h("div", { class: "who" }, h("h3", {}, title), h("small", { "aria-live": "polite" }, note))].filter(Boolean));
}
function chatsOf(view) {
  const chats = new Map();
  for (const entry of view.messages.values()) {
    const chat = chats.get(entry.chat) || { jid: entry.chat, unread: 0 };
    chat.last = entry;
    if (!entry.fromMe && entry.status === "received") chat.unread += 1;
    chats.set(entry.chat, chat);
  }
  const known = [...state.groups.filter((group) => group.members.some((member) => member.phoneNumber === view.number)), ...state.phones.filter((phone) => phone.phoneNumber !== view.number)];
  for (const { jid } of known) if (!chats.has(jid)) chats.set(jid, { jid, unread: 0 });
  return [...chats.values()].sort((one, other) => (other.last ? other.last.timestamp : 0) - (one.last ? one.last.timestamp : 0)).slice(0, 200);
}
function devicesRow(view, phone) {
  const online = phone.companions.filter((device) => device.online).length;
  const note = phone.companions.length === 0 ? T.noDevices : fill(T.devicesCount, { count: phone.companions.length, online });
  return h("button", { type: "button", class: "chat", "data-focus": "devices", onclick: () => go(view, "devices") }, h("span", { class: "avatar", "aria-hidden": "true" }, "🔗"), h("span", { class: "who" }, h("strong", {}, T.devices), h("small", { class: online > 0 ? "good" : "" }, note)));
}
function drawChats(view) {
  const phone = phoneBy(view.number + "@s.whatsapp.net");
  if (!phone) return;
  const chats = chatsOf(view);
  const text = JSON.stringify([chats, phone.companions.map(({ online }) => online)]) + view.names;
  if (!view.list || view.list.drawn === text) return;
  view.list.drawn = text;
  const lines = chats.map(({ jid, last, unread }) => {
    const title = titleOf(jid);
    const words = last ? (last.fromMe ? T.you + ": " : isGroup(jid) ? titleOf(last.from) + ": " : "") + gist(last) : T.noMessages;
    return h("li", {}, h("button", { type: "button", class: "chat", "data-focus": "chat " + jid, onclick: () => go(view, "chat", jid) }, avatar(title, jid), h("span", { class: "who" }, h("strong", {}, title), h("small", {}, words)), last && h("small", {}, time(last.timestamp)),
      unread > 0 && h("span", { class: "unread" }, h("span", { "aria-hidden": "true" }, String(unread)), hidden(fill(T.newMessages, { count: unread })))));
  });
  const open = view.list.querySelector("details")?.open;
  redraw(view.list, [devicesRow(view, phone), h("ul", { "aria-label": T.chats }, lines), groupForm(view, open)]);
}
function groupForm(view, open) {
  const others = state.phones.filter((phone) => phone.phoneNumber !== view.number).slice(0, 50);
  if (others.length === 0) return h("p", { class: "soft" }, T.noMessages);
  const subject = h("input", { type: "text", required: true, autocomplete: "off", "data-focus": "subject" });
  const members = others.map((phone) => h("label", { class: "option" }, h("input", { type: "checkbox", value: phone.jid, "data-focus": "member " + phone.jid }), h("span", {}, nameOf(phone))));
  const submit = (event) => {
    event.preventDefault();
    const chosen = [...event.target.querySelectorAll("input:checked")].map((input) => input.value);
    act(view, async () => { const group = await deed(view, "groups", { subject: subject.value, members: chosen }); if (!state.groups.some(({ jid }) => jid === group.jid)) state.groups.push(group); go(view, "chat", group.jid); });
  };
  return h("details", { class: "new-group", open }, h("summary", { "data-focus": "group" }, T.newGroup), h("form", { onsubmit: submit }, h("label", {}, T.subject, subject), h("fieldset", {}, h("legend", {}, T.members), members), h("button", {}, T.create)));
}
`;
