/**
 * The program of the README, with a virtual phone that scans the code:
 *
 *     npx tsx examples/minimal.ts
 *
 * On the real WhatsApp leave out the lines with `emulator`, keep a store on the disk, and scan the QR code that it prints.
 */
import { SessionManager, drawQRCode } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
const friend = emulator.addPhone({ phoneNumber: "5511999999999" });

await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
manager.on("session.qr", async ({ value }) => {
  console.log(await drawQRCode(value, "terminal"));
  await phone.scan(value);
});

await manager.start(); // reconnects every session that was online
const { id } = await manager.getOrCreate({ name: "sales" });
await manager.connect(id);
await manager.waitFor(id, "connected");
await manager.sendMessage(id, "+55 11 99999-9999", { text: "Hello" });

console.log("the friend got:", (await friend.waitForMessage(({ text }) => text === "Hello")).text);
