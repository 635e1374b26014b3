/** The scripts of the pages, as browsers run them. `T` holds the texts; nothing from a server is ever inserted as HTML. */

/**
 * The API key: read from `#key=` in the address, which browsers send to no server and which is removed at once, or typed in;
 * stored for the tab. `call` sends a request and returns the response; without a valid key it first asks the user for one.
 */
export const KEY_SCRIPT = String.raw`
const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1)).get("key");
if (given) { sessionStorage.setItem("zpwoot-key", given); history.replaceState(null, "", location.pathname + location.search); }
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function askForKey(wrong) {
  $("key-box").hidden = false;
  $("key-problem").textContent = wrong ? T.wrongKey : "";
  $("key").focus();
  return new Promise((resolve) => {
    const use = () => { if ($("key").value) { sessionStorage.setItem("zpwoot-key", $("key").value); $("key-box").hidden = true; resolve(); } };
    $("use-key").onclick = use;
    $("key").onkeydown = (event) => { if (event.key === "Enter") use(); };
  });
}
async function call(path, method = "GET", body) {
  for (;;) {
    const headers = { "x-api-key": sessionStorage.getItem("zpwoot-key") || "" };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    if (answer.status !== 401) return answer;
    await askForKey(Boolean(headers["x-api-key"]));
  }
}
`;

/** Shows the newest QR code until the session is connected, and requests pairing codes. */
export const LINK_SCRIPT = `${KEY_SCRIPT}${String.raw`
let seq = 0;
function say(text) { if ($("status").textContent !== text) $("status").textContent = text; }
function show(id, shown) { $(id).hidden = !shown; }
async function step() {
  const answer = await call("status");
  const state = await answer.json();
  if (answer.status === 404) { say(T.unknownSession); show("connect", false); show("linking", false); return pause(5000); }
  if (state.message) { say(String(state.message)); return pause(5000); }
  $("session").textContent = state.name;
  show("connect", state.status === "disconnected");
  show("linking", state.status === "connecting");
  if (state.status === "connected") { say(T.linked + (state.phoneNumber ? " · " + state.phoneNumber : "")); $("code").textContent = ""; seq = 0; return pause(3000); }
  if (state.status === "disconnected") { say(T.disconnected); seq = 0; return pause(1000); }
  const qr = await (await call("qr?wait=20&seq=" + seq)).json();
  if (!qr.qrCode) { show("qr", false); if (qr.status === "connecting") { say(T.connecting); seq = 0; } return; }
  if (qr.seq === seq) return;
  seq = qr.seq;
  const svg = await call("qr?format=svg");
  if (!svg.ok) return;
  $("qr").src = "data:image/svg+xml," + encodeURIComponent(await svg.text());
  show("qr", true);
  say(T.scan);
}
$("connect").onclick = () => call("connect", "POST");
function typedNumber() {
  const typed = $("phone").value.replace(/[\s().-]/g, "");
  return typed === "" || typed.startsWith("+") || !T.countryCode ? typed : T.countryCode + typed.replace(/^0+/, "");
}
async function pair() {
  const answer = await (await call("pair", "POST", { phoneNumber: typedNumber() })).json();
  $("code").textContent = answer.pairingCode
    ? T.codeIs + "\n" + answer.pairingCode.slice(0, 4) + "-" + answer.pairingCode.slice(4)
    : [].concat(answer.message).join(" ");
}
$("get-code").onclick = pair;
$("phone").onkeydown = (event) => { if (event.key === "Enter") pair(); };
(async () => { for (;;) { try { await step(); } catch { say(T.failed); await pause(2000); } } })();
`}`;
