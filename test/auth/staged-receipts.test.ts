/** Keys that a received message changed, whose event reaches the store after the connection has ended. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { LOADED } from "../support/libraries.js";

const contact = "5511999990002.0";
const session = (text: string) => ({ session: { [contact]: Buffer.from(text) } });

it("don't come after those of the next connection, and the message is known when it comes again", async () => {
  const [{ library: loaded }] = LOADED;
  // The values of this test stand for keys; they have no library's form.
  const { isSignalRecord: _checked, ...library } = loaded;
  const store = openStore(new Map());
  const sessionId = randomUUID();
  const load = () => loadAuthState({ store, sessionId, library });
  const first = await load();
  Object.assign(first.creds, {
    account: { details: Buffer.from([1]) },
    me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
  });
  await first.save();
  await first.keys.set(session("stored"));

  const changes = first.received.collect(() => {});
  await first.keys.set(session("of the message"));
  changes.note("the message");
  let publish = (): void => {};
  const published = new Promise<void>((resolve) => (publish = resolve));
  first.received.store(changes, published);
  // The store is given up, and the connection with it; the event still waits in the outbox.
  first.received.drop();
  first.abandon();

  const next = await load();
  await next.keys.set(session("newer"));
  const along = changes.take();
  expect(along.map(({ family }) => family)).toEqual(["received"]);
  publish();
  await first.settled();
  const { [contact]: kept } = await (await load()).keys.get("session", [contact]);
  expect(Buffer.from(kept as Uint8Array).toString()).toBe("newer");
  expect(first.received.isKnown("the message")).toBe(true);
  await store.close();
});
