/**
 * The bot's tests with Node's own runner.
 *
 *     npx tsx --test examples/testing/node.test.ts
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openShop, type Shop } from "./shop.js";

let open: Shop;
before(async () => {
  open = await openShop();
});
after(() => open.close());

test("takes the order that is tapped, and edits its answer", async () => {
  const { customer, shop } = open;
  customer.sendText(shop, "the menu, please");
  const menu = await customer.expectMessage({ from: shop, button: "Margherita" });
  customer.choose(menu.id, "Margherita");
  await customer.expectMessage({ from: shop, text: "One Margherita: ready!", edited: true });
  assert.equal(
    customer.snapshot(shop),
    [
      "Carla: the menu, please",
      "Pizzeria: [buttons Margherita | Funghi] What may it be?",
      'Carla: [chose Margherita] Margherita (reply to "What may it be?")',
      "Pizzeria: One Margherita: ready! (edited)",
    ].join("\n"),
  );
});

test("sends pictures back", async () => {
  const { customer, shop } = open;
  const bytes = Buffer.alloc(1_000, 1);
  customer.sendMedia(shop, { kind: "image", bytes });
  const { id } = await customer.expectMessage({
    from: shop,
    kind: "image",
    text: "A picture of 1000 bytes!",
  });
  assert.deepEqual(customer.media(id), bytes);
});

test("speaks in groups when it is addressed", async () => {
  const { customer, shop } = open;
  const group = customer.createGroup("Friends", [shop]);
  customer.sendText(group, "who has seen the menu?");
  customer.sendText(group, "@pizzeria the menu!");
  await customer.expectMessage({ chat: group, from: shop, kind: "buttons" });
  assert.equal(customer.snapshot(group).split("\n").length, 3);
});
