/** The linked devices of a phone: link one, drop its connection, unlink it; and the account. */
export const DEVICES_SCRIPT = String.raw`
const DROPS = [["close", "dropClose", { how: "close" }], ["reset", "dropReset", { how: "reset" }], ["silence", "dropSilence", { how: "silence" }], ["garbage", "dropGarbage", { how: "garbage" }], ["503", "drop503", { streamError: 503 }], ["440", "drop440", { streamError: 440 }]];
let sessions = [];
const deed = (view, name, body) => post("/phones/" + view.number + "/" + name, body);
function drawDevice(view, device) {
  const unlink = () => act(view, async () => { await deed(view, "unlink", { device: device.device }); });
  return h("li", { class: "device" }, h("span", {}, h("strong", {}, device.platform + " · " + device.device), h("small", { class: device.online ? "good" : "soft" }, device.online ? "● " + T.online : "○ " + T.offline)),
    h("button", { type: "button", class: "plain", "data-focus": "unlink " + device.device, "aria-label": T.unlink + " " + device.platform + " " + device.device, onclick: unlink }, T.unlink));
}
function drawDrop(view) {
  const how = h("select", { "data-focus": "how", onchange: (event) => { view.how = event.target.value; } }, DROPS.map(([value, text]) => h("option", { value, selected: value === view.how }, T[text])));
  const drop = () => act(view, async () => {
    const { dropped } = await deed(view, "drop", (DROPS.find(([value]) => value === view.how) || DROPS[0])[2]);
    say(view, fill(T.dropped, { count: dropped }));
  });
  return h("div", { class: "drop" }, h("label", {}, T.dropHow, how), h("button", { type: "button", "data-focus": "drop", onclick: drop }, T.drop));
}
function linkForm(view, { label, field, button, send }) {
  const submit = (event) => {
    event.preventDefault();
    act(view, async () => { await send(field.value.trim()); if (field.tagName === "INPUT") field.value = ""; say(view, T.linked); });
  };
  return h("form", { onsubmit: submit }, h("label", {}, label, field), h("button", {}, button));
}
function sessionForm(view) {
  view.select = h("select", {});
  fillSessions(view);
  return linkForm(view, { label: T.session, field: view.select, button: T.scanSession, send: (session) => deed(view, "scan", { session }) });
}
function fillSessions(view) {
  const select = view.select;
  const text = JSON.stringify(sessions);
  if (!select || select.drawn === text) return;
  select.drawn = text;
  const chosen = select.value || (sessions.find(({ qr }) => qr) || {}).id;
  select.replaceChildren(...sessions.map(({ id, name, qr }) => h("option", { value: id, selected: id === chosen }, fill(qr ? T.showsQr : T.showsNone, { name }))));
  if (sessions.length === 0) select.append(h("option", { value: "" }, T.noSessions));
}
/** The screen; its forms stay the same while a person types, the list above them is drawn anew. */
function makeDevices(view) {
  view.devices = h("div", {});
  view.waiting = h("p", { class: "good", role: "status" });
  view.account = h("div", {});
  const screen = h("div", { class: "screen devices" }, h("h4", {}, T.devices), view.devices, h("h4", {}, T.link), view.waiting,
    CONFIG.sessions && sessionForm(view),
    linkForm(view, { label: T.qrText, field: h("input", { type: "text", required: true, autocomplete: "off" }), button: T.scan, send: (qr) => deed(view, "scan", { qr }) }),
    linkForm(view, { label: T.code, field: h("input", { type: "text", required: true, autocomplete: "off", placeholder: "ABCD-1234" }), button: T.enterCode, send: (code) => deed(view, "pairing-code", { code }) }),
    h("h4", {}, T.account), view.account);
  drawDevices(view);
  return screen;
}
function drawDevices(view) {
  const phone = phoneBy(view.number + "@s.whatsapp.net");
  if (!phone || !view.devices) return;
  const text = JSON.stringify([phone.companions.map(({ device, platform, online }) => [device, platform, online]), phone.banned]);
  if (view.devices.drawn !== text) {
    view.devices.drawn = text;
    redraw(view.devices, phone.companions.length === 0 ? [h("p", { class: "soft" }, T.noDevices)] : [h("ul", {}, phone.companions.map((device) => drawDevice(view, device))), drawDrop(view)]);
    const toggle = () => act(view, () => deed(view, phone.banned ? "unban" : "ban", {}));
    redraw(view.account, [phone.banned && h("p", { class: "problem" }, T.banned), h("button", { type: "button", class: phone.banned ? "" : "danger", "data-focus": "ban", onclick: toggle }, phone.banned ? T.unban : T.ban)].filter(Boolean));
  }
  const asked = state.pendingPairingNumbers.includes(view.number) ? T.codeAsked : "";
  if (view.waiting.textContent !== asked) view.waiting.textContent = asked;
}
/** The sessions of the server, while a phone may want to scan one. */
async function watchSessions() {
  for (;;) {
    const open = [...views.values()].filter((view) => view.screen === "devices");
    if (open.length > 0 && document.visibilityState === "visible") {
      try { sessions = (await get("/sessions")).sessions; } catch { sessions = []; }
      open.forEach(fillSessions);
    }
    await pause(1000);
  }
}
if (CONFIG.sessions) watchSessions();
`;
