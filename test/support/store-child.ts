/** Writes generation after generation of one session and reports which are durable, until it is killed. */
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";

const [url = "", sessionId = ""] = process.argv.slice(2);
const store = openStore(url);
await store.open();
const space = sessionSpace(store, sessionId);
for (let generation = 1; ; generation += 1) {
  await space.write([
    { family: "creds", id: "a", value: { generation } },
    ...Array.from({ length: 40 }, (_, n) => ({ family: "pre-key", id: String(n), value: { generation } })),
    { family: "pre-key", id: String(1_000 + generation), value: { generation } },
    { family: "pre-key", id: String(999 + generation), value: null },
  ]);
  process.stdout.write(`${JSON.stringify({ durable: generation })}\n`);
}
