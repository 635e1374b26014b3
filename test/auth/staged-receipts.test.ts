/** Keys that a received message changed, whose event reaches the store after the connection has ended. */
import { randomUUID } from "node:crypto";
import { setImmediate as nextRound } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
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

it("of a message whose event is lost are not stored by the next one, and the message is not known when it comes again", async () => {
  const [{ library: loaded }] = LOADED;
  const { isSignalRecord: _checked, ...library } = loaded;
  const store = openStore(new Map());
  onTestFinished(() => store.close());
  const sessionId = randomUUID();
  const load = () => loadAuthState({ store, sessionId, library });
  const auth = await load();
  Object.assign(auth.creds, {
    account: { details: Buffer.from([1]) },
    me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
  });
  await auth.save();
  await auth.keys.set(session("stored"));

  // Two messages, one after the other: the ratchet of the second contains the first.
  const lost = auth.received.collect(() => {});
  lost.note("lost");
  await auth.keys.set(session("of the lost one"));
  let fail = (_: Error): void => {};
  auth.received.store(lost, new Promise<void>((_, reject) => (fail = reject)));
  const kept = auth.received.collect(() => {});
  kept.note("kept");
  await auth.keys.set(session("of both"));
  let publish = (): void => {};
  auth.received.store(kept, new Promise<void>((resolve) => (publish = resolve)));
  lost.take();
  fail(new Error("it is away"));
  // Promises settle; the next batch is made after that.
  await nextRound();
  const along = kept.take();
  expect(along.map(({ family }) => family)).toEqual(["received"]);
  await sessionSpace(store, sessionId).write(along);
  publish();
  await auth.settled();
  const next = await load();
  expect(["lost", "kept"].map((id) => next.received.isKnown(id))).toEqual([false, true]);
});
