/**
 * Sessions in Redis: linked by one process, connected by the next one without a QR code.
 *
 *     npm install @keyv/redis
 *     REDIS_URL=redis://127.0.0.1:6379 npx tsx examples/redis.ts
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

const store = new URL(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");
// Put before every key. Run Redis with appendonly yes and maxmemory-policy noeviction.
store.searchParams.set("namespace", "zpwoot-example");

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
