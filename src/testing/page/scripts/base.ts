/** What the scripts of the page share: elements, texts, calls. Nothing that came from outside is ever inserted as HTML. */
export const BASE_SCRIPT = String.raw`
const $ = (id) => document.getElementById(id);
function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element[name] = true;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return element;
}
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const hidden = (text) => h("span", { class: "sr" }, text);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function call(path, method, body, type) {
  const json = body !== undefined && type === undefined;
  const headers = body === undefined ? {} : { "content-type": json ? "application/json" : type };
  const answer = await fetch("/admin" + path, { method, headers, body: json ? JSON.stringify(body) : body, signal: AbortSignal.timeout(20000) });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error.message);
  return content;
}
const get = (path) => call(path, "GET");
const post = (path, body = {}, type) => call(path, "POST", body, type);
const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const sizeOf = (bytes) => (bytes < 1024 ? bytes + " B" : bytes < 1048576 ? (bytes / 1024).toFixed(1) + " kB" : (bytes / 1048576).toFixed(1) + " MB");
function duration(seconds) {
  if (seconds % 86400 === 0) return seconds / 86400 + " d";
  return seconds % 3600 === 0 ? seconds / 3600 + " h" : seconds + " s";
}

let state = { phones: [], groups: [], violations: [], unknownQueries: [], pendingPairingNumbers: [], connections: [] };
const views = new Map();
const userOf = (jid) => jid.replace(/[:@].*$/, "");
const isGroup = (jid) => jid.endsWith("@g.us");
const phoneBy = (jid) => state.phones.find((phone) => phone.jid === jid || phone.lid === jid || phone.phoneNumber === userOf(jid));
const pretty = (number) => "+" + number;
const nameOf = (phone) => phone.name || pretty(phone.phoneNumber);
function titleOf(jid) {
  if (jid === "status@broadcast") return T.status;
  const group = state.groups.find((one) => one.jid === jid);
  if (group) return group.subject;
  const phone = phoneBy(jid);
  return phone ? nameOf(phone) : jid.endsWith("@s.whatsapp.net") ? pretty(userOf(jid)) : userOf(jid);
}
function hueOf(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 7 + character.charCodeAt(0)) % 6;
  return "hue" + sum;
}
const avatar = (title, jid) => h("span", { class: "avatar " + hueOf(userOf(jid)), "aria-hidden": "true" }, (title.replace(/^\+/, "")[0] || "?").toUpperCase());
/** An element's children, replaced; what had the focus has it again, when it is still there. */
function redraw(element, children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  element.replaceChildren(...children);
  const again = focused && [...element.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === focused);
  if (again) again.focus();
}
`;
