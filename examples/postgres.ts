/**
 * Sessions in Postgres: linked by one process, connected by the next one without a QR code.
 *
 *     npm install @keyv/postgres
 *     DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres npx tsx examples/postgres.ts
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

const store = new URL(process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres");
// A table of its own, made when it is missing.
store.searchParams.set("table", "zpwoot_example");

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
const open = (): SessionManager =>
  new SessionManager({ store: store.href, whatsapp: { ...emulator.whatsapp } });

const first = open();
let codes = 0;
first.on("session.qr", ({ value }) => {
  codes++;
  return phone.scan(value);
});
const { id } = await first.create({ name: `sales ${Date.now()}` });
await first.connect(id);
await first.waitFor(id, "connected");
await first.stop();

// Another process, or the same one after a crash: what was online comes back by itself.
await using second = open();
second.on("session.qr", () => codes++);
await second.start();
const { status, phoneNumber } = await second.waitFor(id, "connected");
console.log(status, "as", phoneNumber, "after", codes, "QR code");
await second.delete(id, { tombstone: false });
