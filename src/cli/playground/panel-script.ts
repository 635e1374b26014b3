/** The script of the panel. It runs after those of the emulator's page, and uses their functions. */
export const PANEL_SCRIPT = String.raw`
const MAX_DELIVERIES = 50;
const given = new URLSearchParams(location.hash.slice(1)).get("key");
if (given) { sessionStorage.setItem("zpwoot-key", given); history.replaceState(null, "", location.pathname + location.search); }
// The other language is the same page with the same key, which the tab remembers.
const frame = $("server-page");
const frameLinks = [...document.querySelectorAll(".frame-nav a[target=server-page]")];
frame.src = frameLinks[0].href;
const sizeFrame = (small) => { frame.className = small ? "small" : ""; };
for (const link of frameLinks) link.onclick = () => { sizeFrame(false); for (const other of frameLinks) other === link ? other.setAttribute("aria-current", "page") : other.removeAttribute("aria-current"); };
const STEPS = ["link", "hello", "webhook", "kill", "back"];
const doneSteps = new Set();
function drawSteps() {
  const next = STEPS.find((name) => !doneSteps.has(name));
  for (const name of STEPS) {
    const done = doneSteps.has(name);
    $("step-" + name).className = done ? "done" : name === next ? "now" : "";
    $("done-" + name).textContent = done ? " (" + P.done + ")" : "";
    if (name === next) $("step-" + name).setAttribute("aria-current", "step"); else $("step-" + name).removeAttribute("aria-current");
  }
}
/** On a narrow screen the phones are far from the steps: what comes next stays in sight. */
function drawNext() {
  const next = STEPS.find((name) => !doneSteps.has(name));
  $("next").textContent = doneSteps.size === 0 ? "" : next ? "↑ " + (STEPS.indexOf(next) + 1) + "/" + STEPS.length + " " + P[next] : "✓ " + P.finished;
}
function finish(name) { if (!doneSteps.has(name)) { doneSteps.add(name); drawSteps(); drawNext(); } }
const owner = () => state.phones[0];
const friend = () => state.phones[1];
function guide(phone, screen, chat) {
  if (!phone) return;
  showPhone(phone.phoneNumber, false);
  const view = views.get(phone.phoneNumber);
  go(view, screen, chat);
  view.section.scrollIntoView({ block: "nearest" });
  return view;
}
$("show-link").onclick = () => { const view = guide(owner(), "devices"); (view?.select || view?.section)?.focus({ preventScroll: true }); };
$("show-hello").onclick = () => { const view = guide(friend(), "chat", owner()?.jid); if (view && !view.input.value) view.input.value = "hello"; };
$("show-kill").onclick = () => { const view = guide(owner(), "devices"); const button = view && [...view.section.querySelectorAll("[data-focus=drop]")][0]; button?.focus(); };
let wasLost = false;
function noteStatus(entry) {
  if (entry.status === "connected") {
    if (!doneSteps.has("link") && frameLinks[0].hasAttribute("aria-current")) sizeFrame(true);
    finish("link");
    if (wasLost) finish("back");
  }
  if (entry.state === "qr") sizeFrame(false);
  if (doneSteps.has("link") && entry.state === "waiting") { wasLost = true; finish("kill"); }
  $("session-now").textContent = fill(P.now, { status: P[entry.status] });
  $("session-now").className = entry.status;
  const why = [entry.state, entry.reason].filter(Boolean).join(", ");
  $("session-log").prepend(h("li", {}, new Date(entry.at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" }) + " " + P[entry.status] + " (" + why + ")"));
  while ($("session-log").childElementCount > 20) $("session-log").lastElementChild.remove();
}
/** The first text in a delivery, so that it can be found without reading the whole. */
function gistOf(body) {
  const message = (body.data?.messages || [])[0]?.message;
  const text = message && (message.conversation || message.extendedTextMessage?.text || Object.values(message).find((part) => part?.caption)?.caption);
  return text ? " “" + text + "”" : "";
}
function noteDelivery(delivery) {
  const list = $("deliveries");
  const text = JSON.stringify(delivery.body, null, 2);
  $("no-deliveries").hidden = true;
  const isMessage = delivery.body.event === "messages.upsert";
  if (isMessage) { for (const other of list.children) other.open = false; if (delivery.body.data?.messages?.some(({ key }) => !key.fromMe)) { finish("hello"); finish("webhook"); } }
  const at = new Date(delivery.at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  list.prepend(h("details", { open: isMessage }, h("summary", {}, h("small", {}, at), h("strong", {}, delivery.body.event), gistOf(delivery.body)), h("pre", { tabindex: "0", "aria-label": "JSON" }, text)));
  while (list.childElementCount > MAX_DELIVERIES) list.lastElementChild.remove();
}
const happenings = new EventSource("/playground/events");
happenings.addEventListener("start", (event) => {
  const { statuses, deliveries } = JSON.parse(event.data);
  $("again").textContent = "";
  $("session-log").replaceChildren();
  $("deliveries").replaceChildren();
  statuses.forEach(noteStatus);
  deliveries.forEach(noteDelivery);
});
happenings.addEventListener("status", (event) => noteStatus(JSON.parse(event.data)));
happenings.addEventListener("webhook", (event) => noteDelivery(JSON.parse(event.data)));
happenings.addEventListener("error", () => { $("again").textContent = P.again; });
// Something that the friend wrote to the owner: the second step.
events.addEventListener("message", (event) => {
  const { phoneNumber, message } = JSON.parse(event.data);
  if (phoneNumber === owner()?.phoneNumber && !message.fromMe && doneSteps.has("link")) finish("hello");
});
drawSteps();
`;
