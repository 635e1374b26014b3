/**
 * The bot's tests with jest in its default mode, which is CommonJS: no transformer, no flag of Node.
 *
 *     npx jest --rootDir examples/testing/jest
 */
const { SessionManager } = require("zpwoot");
const { WhatsAppEmulator } = require("zpwoot/testing");
const { runBot } = require("./bot.cjs");

let emulator, manager, shop, customer;
beforeAll(async () => {
  // The same keys and ids in every run: a test that fails once fails again.
  emulator = await WhatsAppEmulator.start({ seed: "pizzeria" });
  shop = emulator.addPhone({ phoneNumber: "5511999990001", name: "Pizzeria" });
  customer = emulator.addPhone({ phoneNumber: "5511999990002", name: "Carla" });
  manager = new SessionManager({ store: "memory:", logger: false, whatsapp: { ...emulator.whatsapp } });
  runBot(manager);
  manager.once("session.qr", ({ value }) => shop.scan(value));
  const { id } = await manager.create({ name: "pizzeria" });
  await manager.connect(id);
  await manager.waitFor(id, "connected");
}, 20_000);

afterAll(async () => {
  await manager.stop();
  await emulator.stop();
  emulator.assertClean();
});

test("takes the order that is tapped, and edits its answer", async () => {
  customer.sendText(shop, "the menu, please");
  const menu = await customer.expectMessage({ from: shop, button: "Margherita" });
  customer.choose(menu.id, "Margherita");
  await customer.expectMessage({ from: shop, text: "One Margherita: ready!", edited: true });
  expect(customer.snapshot(shop)).toBe(
    [
      "Carla: the menu, please",
      "Pizzeria: [buttons Margherita | Funghi] What may it be?",
      'Carla: [chose Margherita] Margherita (reply to "What may it be?")',
      "Pizzeria: One Margherita: ready! (edited)",
    ].join("\n"),
  );
});

test("sends pictures back", async () => {
  const bytes = Buffer.alloc(1_000, 1);
  customer.sendMedia(shop, { kind: "image", bytes });
  const { id } = await customer.expectMessage({
    ...{ from: shop, kind: "image" },
    text: "A picture of 1000 bytes!",
  });
  expect(customer.media(id).equals(bytes)).toBe(true);
});

test("speaks in groups when it is addressed", async () => {
  const group = customer.createGroup("Friends", [shop]);
  customer.sendText(group, "who has seen the menu?");
  customer.sendText(group, "@pizzeria the menu!");
  await customer.expectMessage({ chat: group, from: shop, kind: "buttons" });
  expect(customer.snapshot(group).split("\n")).toHaveLength(3);
});
