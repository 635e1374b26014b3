/** Sessions of the bare protocol, which acknowledge what they get and read none of it: `raw <emulator> <first number>`. */
import { node, type BinaryNode } from "../../src/testing/wire/node.js";
import { RawClient, RawIdentity } from "../../test/testing/raw-client.js";
import { answerCalls } from "../frame/program.js";
import { operate } from "../whatsapp-process.js";

const [url = "", first = "0"] = process.argv.slice(2);
const AT_ONCE = 20;

/** Links one and logs it in. */
async function open(n: number): Promise<void> {
  const username = Number(first) + n;
  const keys = new RawIdentity();
  const linking = await new RawClient(url).opened();
  await linking.handshake(keys.noise, keys.registration());
  const [ref = ""] = await linking.refs();
  const scanned = operate(url, `phones/${username}/scan`, { qr: keys.qr(ref) });
  await linking.signPromise(keys);
  await scanned;
  linking.terminate();
  const client = await new RawClient(url).opened();
  await client.handshake(keys.noise, { username, device: 1, passive: true });
  await client.next((stanza) => stanza.tag === "success");
  client.onStanza = (stanza) => acknowledge(client, stanza);
  const attrs = { type: "set", xmlns: "passive", to: "@s.whatsapp.net", id: "1" };
  client.send(node("iq", attrs, [node("active")]));
}

/** As libraries do it: a receipt, and the acknowledgement of the stanza. */
function acknowledge(client: RawClient, { tag, attrs: { from: to, id } }: BinaryNode): void {
  if (tag !== "message") return;
  client.send(node("receipt", { id, to }));
  client.send(node("ack", { class: "message", id, to }));
}

answerCalls({
  open: async (count: number): Promise<void> => {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) await open(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  },
});
