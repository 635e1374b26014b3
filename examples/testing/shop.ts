/** The bot on a linked session, and the phones around it: what the tests of both runners start with. */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator, type VirtualPhone } from "zpwoot/testing";
import { runBot } from "./bot.js";

/** A running pizzeria. */
export interface Shop {
  readonly emulator: WhatsAppEmulator;
  /** The phone of the pizzeria, to which the bot is linked. */
  readonly shop: VirtualPhone;
  readonly customer: VirtualPhone;
  /** Ends it; throws when the bot broke the protocol, or asked what the emulator has no answer for. */
  close(): Promise<void>;
}

/** Links the bot. */
export async function openShop(): Promise<Shop> {
  // The same keys and ids in every run: a test that fails once fails again.
  const emulator = await WhatsAppEmulator.start({ seed: "pizzeria" });
  const shop = emulator.addPhone({ phoneNumber: "5511999990001", name: "Pizzeria" });
  const customer = emulator.addPhone({ phoneNumber: "5511999990002", name: "Carla" });
  const manager = new SessionManager({ store: "memory:", logger: false, whatsapp: { ...emulator.whatsapp } });
  runBot(manager);
  manager.once("session.qr", ({ value }) => shop.scan(value));
  const { id } = await manager.create({ name: "pizzeria" });
  await manager.connect(id);
  await manager.waitFor(id, "connected");
  const close = async (): Promise<void> => {
    await manager.stop();
    await emulator.stop();
    emulator.assertClean();
  };
  return { emulator, shop, customer, close };
}
