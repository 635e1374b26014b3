/** The script of the overview, as browsers run it. `T` holds the texts; nothing from a server is ever inserted as HTML. */
import { CLUSTER_SCRIPT } from "./cluster-script.js";
import { KEY_SCRIPT } from "./scripts.js";

/** Lists the sessions, refreshes the list in place, and carries out what its buttons say. */
export const OVERVIEW_SCRIPT = `${KEY_SCRIPT}${CLUSTER_SCRIPT}${String.raw`
const words = { connected: T.linked, connecting: T.connecting, disconnected: T.disconnected };
const rows = new Map();
const problem = (text) => { $("problem").textContent = text; };
function make(tag, text, parent) { const element = document.createElement(tag); element.textContent = text; parent?.append(element); return element; }
async function order(path, method, body) {
  problem("");
  try {
    const answer = await call(path, method, body);
    const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) problem([].concat(said.message ?? T.failed).join(" "));
    await refresh();
    return answer.ok ? said : undefined;
  } catch { problem(T.failed); }
}
function button(text, parent, act) {
  const element = make("button", text, parent);
  element.type = "button";
  element.onclick = async () => { element.disabled = true; try { await act(); } finally { element.disabled = false; } };
  return element;
}
function askedTwice(element, text, act) {
  let timer;
  element.onclick = async () => {
    if (timer === undefined) {
      element.textContent = T.reallyDelete;
      timer = setTimeout(() => { timer = undefined; element.textContent = text; }, 5000);
      return;
    }
    clearTimeout(timer); timer = undefined;
    element.textContent = text; element.disabled = true;
    await act();
    element.disabled = false;
  };
}
function rowOf(id) {
  const main = make("tr", ""), more = make("tr", "");
  const cells = [0, 1, 2].map(() => make("td", "", main));
  const actions = make("div", "", make("td", "", main));
  actions.className = "row";
  const link = make("a", T.open, actions);
  link.href = encodeURIComponent(id) + "/link" + location.search;
  const path = encodeURIComponent(id) + "/";
  const toggle = button("", actions, () => order(path + (row.session.status === "disconnected" ? "connect" : "disconnect"), "POST"));
  const details = button(T.details, actions, () => { more.hidden = !more.hidden; details.setAttribute("aria-expanded", String(!more.hidden)); return more.hidden || showMore(row); });
  details.className = "plain";
  details.setAttribute("aria-expanded", "false");
  const remove = make("button", T.remove, actions);
  remove.type = "button"; remove.className = "danger";
  askedTwice(remove, T.remove, () => order(path + "delete", "DELETE"));
  more.hidden = true;
  const wide = make("td", "", more); wide.colSpan = 4;
  const facts = make("dl", "", wide);
  const form = make("div", "", wide); form.className = "row";
  const to = make("input", "", form), text = make("input", "", form);
  to.type = "tel"; to.placeholder = T.to; to.setAttribute("aria-label", T.to); to.value = T.countryCode;
  text.value = T.testText; text.setAttribute("aria-label", T.text);
  const sent = make("output", "", wide); sent.setAttribute("aria-live", "polite");
  button(T.send, form, async () => {
    sent.textContent = "";
    const said = await order(path + "messages", "POST", { to: to.value, content: { text: text.value } });
    if (said) sent.textContent = T.sent;
  });
  const row = { main, more, cells, link, toggle, remove, facts, path, session: undefined, shown: undefined };
  rows.set(id, row);
  return row;
}
const time = (iso) => new Date(iso).toLocaleString(document.documentElement.lang);
function reasonOf({ detail }) {
  if (!detail.reason) return "";
  const reason = T.reasons[detail.reason] ?? detail.reason;
  return reason + (detail.code ? " (" + detail.code + ")" : "") + (detail.until ? " · " + T.until + " " + time(detail.until) : "");
}
function fact(list, name, value) { if (value) { make("dt", name, list); make("dd", value, list); } }
function hookText({ url, enabled, activity, lastError }) {
  const state = enabled && url ? { idle: T.hookIdle, sending: T.hookSending, retrying: T.hookRetrying }[activity.state] : T.hookOff;
  const waiting = activity.queued > 0 ? " · " + activity.queued + " " + T.queued : "";
  return (url ?? T.noAddress) + " · " + state + waiting + (lastError ? " · " + T.lastError + " " + time(lastError.at) + ": " + lastError.reason : "");
}
function showFacts(row, endpoints, failed) {
  const { facts, session } = row, { detail } = session;
  const shown = JSON.stringify([session, endpoints, failed]);
  if (row.shown === shown) return;
  row.shown = shown;
  facts.replaceChildren();
  fact(facts, "id", session.id);
  fact(facts, T.state, detail.state);
  if (detail.node) fact(facts, T.node, detail.node + " · " + detail.epoch);
  fact(facts, T.reason, reasonOf(session));
  if (detail.lastInboundAt) fact(facts, T.lastHeard, time(detail.lastInboundAt));
  for (const endpoint of endpoints ?? []) fact(facts, endpoint.name === "default" ? "Webhook" : "Webhook " + endpoint.name, hookText(endpoint));
  if (!endpoints?.length) fact(facts, "Webhook", session.webhookUrl ?? T.noWebhook);
  if (failed) fact(facts, T.failedDeliveries, failed.length === 0 ? T.none0 : failed.length + " · " + failed.at(-1).reason);
}
async function showMore(row) {
  if (!row.shown) showFacts(row);
  try {
    const answers = await Promise.all(["endpoints", "deliveries/failed"].map((what) => call(row.path + what)));
    showFacts(row, ...(answers.every(({ ok }) => ok) ? await Promise.all(answers.map((answer) => answer.json())) : []));
  } catch { problem(T.failed); }
}
function update(session) {
  const row = rows.get(session.id) ?? rowOf(session.id);
  const isNews = JSON.stringify(row.session) !== JSON.stringify(session);
  row.session = session;
  // What webhooks do changes without the session.
  if (!row.more.hidden) void showMore(row);
  if (!isNews) return row;
  const [name, status, number] = row.cells;
  name.textContent = session.name;
  status.textContent = words[session.status];
  const reason = reasonOf(session);
  if (reason && session.status !== "connected") make("small", reason, status).className = "soft";
  number.textContent = session.phoneNumber || "";
  row.toggle.textContent = session.status === "disconnected" ? T.connect : T.disconnect;
  for (const element of [row.link, row.toggle, row.remove]) element.setAttribute("aria-label", element.textContent + " " + session.name);
  return row;
}
async function refresh() {
  const answer = await call("list");
  if (!answer.ok) return;
  const sessions = await answer.json();
  $("none").hidden = sessions.length > 0;
  $("create").hidden = false;
  const shown = sessions.map(update);
  const ids = new Set(sessions.map(({ id }) => id));
  for (const [id, { main, more }] of rows) if (!ids.has(id)) { main.remove(); more.remove(); rows.delete(id); }
  for (const { main, more } of shown) if (!main.isConnected) $("rows").append(main, more);
}
async function create() {
  const name = $("name").value.trim();
  if (name === "") return $("name").focus();
  if (await order("create", "POST", { name })) $("name").value = "";
}
$("make").onclick = create;
$("name").onkeydown = (event) => { if (event.key === "Enter") create(); };
let isDown = false;
(async () => {
  for (;;) {
    try { await refresh(); await refreshCluster(); if (isDown) problem(""); isDown = false; } catch { isDown = true; problem(T.failed); }
    await pause(3000);
  }
})();
`}`;
