/** Gives a manager every command while the disk under its lmdb store is full, then makes room: `full-disk-commands-child.ts <mount>`. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { isZpwootError, messageOf } from "../../src/errors.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { openStore } from "../../src/store/open-store.js";
import { fillDisk } from "../support/fill-disk.js";
import { instantLibrary } from "../support/instant-library.js";

const [mount = ""] = process.argv.slice(2);
const junk = join(mount, "junk");
const url = `lmdb:${join(mount, "commands")}`;
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const { library } = instantLibrary();
const manager = new SessionManager({
  store: url,
  logger: false,
  whatsapp: { socketFactory: library, version: [2, 3_000, 1] },
});

/** A session that is linked, as a phone would link it. */
async function linked(name: string): Promise<string> {
  const { id } = await manager.create({ name });
  const store = openStore(url);
  const auth = await loadAuthState({ store, sessionId: id, library });
  Object.assign(auth.creds, {
    account: { details: Buffer.from([1]) },
    me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
  });
  await auth.save();
  await store.close();
  return id;
}

const [online, offline, spare] = [await linked("online"), await linked("offline"), await linked("spare")];
await manager.connect(online);
await manager.waitFor(online, "connected");
const socket = await manager.socket(online);
fillDisk(junk);

let received = false;
const message = (async () => {
  const session = { _sessions: { chain: "x".repeat(20_000) } } as never;
  await socket.authState.keys.set({ session: { "5511999990002.0": session } });
  received = true;
})();

/** How a command ended, and when. */
async function answer(command: string, give: () => Promise<unknown>) {
  const startedAt = performance.now();
  const error: unknown = await give().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const refusal = isZpwootError(error, "STORE_UNAVAILABLE") ? error.message : undefined;
  const ended = error === undefined ? "done" : refusal === undefined ? messageOf(error) : "refused";
  return { command, ended, refusal, ms: Math.round(performance.now() - startedAt) };
}

// lmdb reuses pages: it takes a few writes until there is no room for any.
const answers = [];
do
  answers.push(await answer("create", () => manager.create({ name: `${answers.length} ${"x".repeat(90)}` })));
while (answers.at(-1)?.ended === "done");
const webhook = { url: `https://example.com/${"x".repeat(1_500)}`, events: [] };
answers.push(
  ...(await Promise.all([
    answer("update", () => manager.update(online, { webhook })),
    answer("connect", () => manager.connect(offline)),
    answer("delete", () => manager.delete(spare)),
    answer("apiKeys.create", () => manager.apiKeys.create({ name: "key", role: "admin" })),
  ])),
);
report({ answers, received, health: await manager.health() });
rmSync(junk);
await message;
await manager.create({ name: "later" });
report({ received });
await manager.stop();
report({ stopped: true });
