/**
 * Link without a camera: WhatsApp gives a code of eight letters, which is typed on the phone (Linked devices, Link with phone number).
 *
 *     npx tsx examples/pairing-code.ts
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });

await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
const { id } = await manager.create({ name: "no camera" });
await manager.connect(id);

// Waits until WhatsApp accepts the request. The same call gives the same code as long as it is valid.
const { pairingCode, expiresAt } = await manager.pair(id, "+55 11 99999-0001");
console.log(`type ${pairingCode} on the phone, until ${expiresAt}`);

// Here the virtual phone types it; on the real WhatsApp a person does.
await phone.enterPairingCode(pairingCode);
const { phoneNumber } = await manager.waitFor(id, "connected");
console.log("connected as", phoneNumber);
