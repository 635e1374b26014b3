/** The page as a whole: which phones are shown, what happens at the emulator, the stanzas. */
export const LIVE_SCRIPT = String.raw`
const MAX_SHOWN = 6;
const MAX_LINES = 500;
let shown = [];
let current;
/** Shows a phone; where there is room for one only, instead of the other. */
function showPhone(number, focus) {
  if (!shown.includes(number)) shown = [...shown, number].slice(-MAX_SHOWN);
  current = number;
  drawPhones();
  if (focus) { const { section } = views.get(number); section.focus({ preventScroll: true }); section.scrollIntoView({ block: "nearest", inline: "nearest" }); }
}
/** The phones by name, with the number of messages that nobody has read on them. */
function drawTabs() {
  const tabs = state.phones.slice(0, 200).map((phone) => {
    const messages = [...(views.get(phone.phoneNumber)?.messages.values() || [])];
    return { number: phone.phoneNumber, name: nameOf(phone), unread: messages.filter((entry) => !entry.fromMe && entry.status === "received").length };
  });
  const text = JSON.stringify([tabs, current]);
  if ($("tabs").drawn === text) return;
  $("tabs").drawn = text;
  redraw($("tabs"), tabs.map(({ number, name, unread }) => h("button", { type: "button", class: "tab", "data-focus": number, "aria-pressed": String(number === current), onclick: () => showPhone(number, true) }, name,
    unread > 0 && h("span", { class: "unread" }, h("span", { "aria-hidden": "true" }, String(unread)), hidden(" " + fill(T.newMessages, { count: unread }))))));
}
function drawPhones() {
  const numbers = state.phones.map((phone) => phone.phoneNumber);
  shown = shown.filter((number) => numbers.includes(number));
  for (const number of numbers) if (shown.length < MAX_SHOWN && !shown.includes(number) && !views.has(number)) shown.push(number);
  if (!shown.includes(current)) current = shown[0];
  $("no-phones").hidden = numbers.length > 0;
  drawTabs();
  for (const number of shown) {
    if (!views.has(number)) {
      const view = makeView(number);
      view.body.replaceChildren((view.list = h("div", { class: "screen chats" })));
      loadMessages(view).catch(() => {});
    }
    const { section } = views.get(number);
    if (!section.isConnected) $("phones").append(section);
    section.classList.toggle("current", number === current);
  }
  for (const [number, view] of views) if (!shown.includes(number)) { view.section.remove(); views.delete(number); }
  const names = JSON.stringify([state.phones.map((phone) => phone.name), state.groups.map((group) => group.subject)]);
  for (const view of views.values()) { view.names = names; drawScreen(view); }
}
function drawProblems() {
  const problems = [...state.violations.map((one) => one.problem), ...state.unknownQueries.map((one) => [one.tag, one.xmlns, one.type, one.child].filter(Boolean).join(" "))];
  const text = problems.length === 0 ? "✓ " + T.noProblems : "⚠ " + fill(T.problems, { count: problems.length });
  if ($("problems-count").textContent === text) return;
  $("problems-count").textContent = text;
  $("problems-count").className = problems.length === 0 ? "good" : "problem";
  $("problems").replaceChildren(...problems.map((problem) => h("li", {}, problem)));
}
let lines = [];
let paused = false;
let lateDraw = false;
const matching = (line) => !$("filter").value || line.toLowerCase().includes($("filter").value.toLowerCase());
/** An upload of keys is thousands of characters. */
const short = (line) => (line.length > 700 ? line.slice(0, 600) + "… (" + line.length + ")" : line);
const drawLine = (line) => h("li", { class: / > </.test(line) ? "from" : "to" }, short(line));
function addLines(more) {
  lines = [...lines, ...more].slice(-MAX_LINES);
  if (!paused) drawLines(more.slice(-MAX_LINES));
}
function drawLines(more) {
  const list = $("stanzas");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(...more.filter(matching).map(drawLine));
  while (list.childElementCount > MAX_LINES) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}
function redrawLines() {
  $("stanzas").replaceChildren();
  drawLines(lines);
}
$("filter").oninput = redrawLines;
$("pause").onclick = () => { paused = !paused; $("pause").setAttribute("aria-pressed", String(paused)); if (!paused) redrawLines(); };
$("clear").onclick = () => { lines = []; redrawLines(); };
$("add-phone").onsubmit = async (event) => {
  event.preventDefault();
  const [number, name] = [$("new-number").value, $("new-name").value];
  try {
    const phone = await post("/phones", { phoneNumber: number, ...(name && { name }) });
    if (!phoneBy(phone.jid)) state.phones.push(phone);
    event.target.reset();
    $("add-problem").textContent = "";
    event.target.closest("details").open = false;
    showPhone(phone.phoneNumber, true);
  } catch (error) { $("add-problem").textContent = fill(T.failed, { message: error.message }); }
};
function noteTyping({ jid, to, activity }) {
  const author = phoneBy(jid);
  for (const view of views.values()) {
    const chat = isGroup(to) ? to : phoneBy(to)?.phoneNumber === view.number ? author?.jid : undefined;
    if (!chat || author?.phoneNumber === view.number) continue;
    clearTimeout(view.typing.get(chat));
    view.typing.delete(chat);
    if (activity !== "paused") view.typing.set(chat, setTimeout(() => { view.typing.delete(chat); drawHead(view); }, 10000));
    drawHead(view);
  }
}
const events = new EventSource("/admin/events");
let opened = 0;
events.addEventListener("open", () => {
  opened += 1;
  $("lost").textContent = "";
  get("/transcript").then(({ transcript }) => { lines = transcript.filter(Boolean).slice(-MAX_LINES); redrawLines(); $("stanzas").scrollTop = $("stanzas").scrollHeight; }).catch(() => {});
  if (opened > 1) for (const view of views.values()) loadMessages(view).catch(() => {});
});
events.addEventListener("error", () => { $("lost").textContent = T.lost; });
events.addEventListener("state", (event) => { state = JSON.parse(event.data); drawPhones(); drawProblems(); });
events.addEventListener("message", (event) => {
  const { phoneNumber, message } = JSON.parse(event.data);
  const view = views.get(phoneNumber);
  if (!view) return;
  if (!message.fromMe && view.typing.has(message.chat)) { clearTimeout(view.typing.get(message.chat)); view.typing.delete(message.chat); }
  view.messages.set(keyOf(message), message);
  drawScreen(view);
  drawTabs();
});
events.addEventListener("activity", (event) => noteTyping(JSON.parse(event.data)));
events.addEventListener("stanzas", (event) => addLines(JSON.parse(event.data)));
document.addEventListener("visibilitychange", () => { for (const view of views.values()) drawScreen(view); });
document.addEventListener("keydown", (event) => {
  const view = event.key === "Escape" && [...views.values()].find((one) => one.menu && one.log?.contains(document.activeElement));
  if (view) { view.menu = undefined; drawBubbles(view); }
});
`;
