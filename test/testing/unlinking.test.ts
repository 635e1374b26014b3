import { describe, expect, it } from "vitest";
import { whaileysSuite } from "./whaileys-suite.js";

describe("ending a link with an unmodified whaileys", () => {
  const suite = whaileysSuite();

  it("disconnects an online companion that its phone unlinked, and refuses it afterwards", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = await suite.client().link(phone.phoneNumber);
    phone.unlink(1);
    expect(await client.closeCode()).toBe(401);
    expect(phone.companions).toEqual([]);
    client.open();
    expect(await client.closeCode()).toBe(401);
  });

  it("refuses a companion at its next login that was unlinked while away", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = await suite.client().link(phone.phoneNumber);
    const closed = suite.emulator.waitFor("connection.closed");
    client.end();
    await closed;
    phone.unlink();
    const refused = suite.emulator.waitFor("login-refused");
    client.open();
    expect(await client.closeCode()).toBe(401);
    expect((await refused).reason).toBe(401);
  });

  it("unlinks a companion that logs out", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const client = await suite.client().link(phone.phoneNumber);
    const unlinked = suite.emulator.waitFor("unlinked");
    await client.socket.logout();
    expect(await unlinked).toMatchObject({ phoneNumber: phone.phoneNumber, by: "companion" });
    expect(await client.closeCode()).toBe(401);
    expect(phone.companions).toEqual([]);
  });

  it("replaces the older connection when the same device logs in twice", async () => {
    const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
    const first = await suite.client().link(phone.phoneNumber);
    const second = suite.client();
    second.creds = first.creds;
    second.open();
    expect(await first.closeCode()).toBe(440);
    await second.ready();
    expect(phone.companions).toMatchObject([{ device: 1, online: true }]);
  });

  it.each([
    { input: { streamError: 503 }, code: 503 },
    { input: { streamError: 515 }, code: 515 },
    { input: { streamError: 440 }, code: 440 },
    { input: { streamError: 500 }, code: 500 },
    { input: { failure: { reason: 402, expire: 60 } }, code: 402 },
    { input: { failure: {} }, code: 500 },
    { input: { how: "close" }, code: 428 },
    { input: { how: "reset" }, code: 428 },
  ] as const)(
    "disconnects an open companion with $input, which it sees as $code",
    async ({ input, code }) => {
      const phone = suite.emulator.addPhone({ phoneNumber: "5511999990001" });
      const client = await suite.client().link(phone.phoneNumber);
      expect(suite.emulator.disconnect(phone.phoneNumber, input)).toBe(1);
      expect(await client.closeCode()).toBe(code);
      client.open();
      await client.ready();
    },
  );
});
