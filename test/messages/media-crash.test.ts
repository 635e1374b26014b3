/** Processes that are killed amid a message with a file: it is on the phone once, and what the dead process left on the disk does not stay. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { removeAbandonedFiles } from "../../src/whatsapp/media/abandoned-files.js";
import { Child, type Fact } from "../support/child.js";
import { extent } from "../support/extent.js";
import { lmdbFolder } from "../support/places.js";

const SCRIPT = new URL("../support/send-child.ts", import.meta.url);
const WITHIN_MS = 60_000;
const FILE = randomBytes(300_000);
const HALF_AN_HOUR_MS = 30 * 60_000;

async function folderFor(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `zpwoot-${purpose}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Both libraries write there what they upload; so do child processes. */
async function ownTemporaryFolder(): Promise<string> {
  const before = process.env["TMPDIR"];
  const folder = await folderFor("killed-tmp");
  process.env["TMPDIR"] = folder;
  onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  return folder;
}

/** As if it had been written to last so long ago. */
async function age(path: string, ms: number): Promise<void> {
  const at = new Date(Date.now() - ms);
  await utimes(path, at, at);
}

it.each([
  ["whaileys", "media-upload", false],
  ["baileys-7", "message", false],
  ...extent([], [
    ["whaileys", "message", false],
    ["whaileys", "media-upload", true],
    ["baileys-7", "media-upload", false],
  ] as const),
] as const)(
  "a process with %s that is killed at its %s (queued: %s) has the file on the phone once",
  async (library, at, queue) => {
    const place = await lmdbFolder();
    const source = join(await folderFor("killed-source"), "photo.jpg");
    await writeFile(source, FILE);
    const temporary = await ownTemporaryFolder();
    const emulator = await WhatsAppEmulator.start();
    const children: Child[] = [];
    onTestFinished(async () => {
      await Promise.all(children.map((child) => child.end("SIGKILL")));
      await emulator.stop();
      await place.dispose();
    });
    const start = (): Child => {
      const args = [place.url, emulator.url, library, "Infinity", "go", emulator.media.url];
      const child = new Child(SCRIPT, args);
      children.push(child);
      return child;
    };
    const connected = (child: Child): Promise<Fact> =>
      child.fact(({ status }) => status === "connected", { timeoutMs: WITHIN_MS });
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
    const job = JSON.stringify({ key: "photo-1", to: friend.jid, text: "Look", queue, file: source });
    const answered = (child: Child): Promise<Fact> =>
      child.fact(({ answer }) => answer !== undefined, { timeoutMs: WITHIN_MS });

    const first = start();
    await phone.scan(String((await first.fact((fact) => "qr" in fact, { timeoutMs: WITHIN_MS }))["qr"]));
    await connected(first);
    const amid = new Promise<void>((resolve) =>
      emulator.on("fault", (fault) => (fault.at === at ? resolve() : undefined)),
    );
    emulator.faults.add({ at, action: at === "message" ? "drop" : "endless" });
    first.send(job);
    await amid;
    await first.end("SIGKILL");

    const left = await readdir(temporary);
    if (at === "media-upload") expect(left).not.toEqual([]);
    for (const name of left) {
      expect((await stat(join(temporary, name))).mode & 0o077).toBe(0);
      await age(join(temporary, name), HALF_AN_HOUR_MS + 1_000);
    }

    const second = start();
    await connected(second);
    second.send(job);
    const { answer } = (await answered(second)) as unknown as { readonly answer: { readonly id: string } };
    const shown = await friend.waitForMessage(({ id }) => id === answer.id, { timeoutMs: WITHIN_MS });
    expect(Buffer.from(friend.media(shown.id)).equals(FILE)).toBe(true);
    const from = second.facts.length;
    second.send(job);
    const again = await second.fact((fact) => fact["answer"] !== undefined, { from, timeoutMs: WITHIN_MS });
    expect(again["answer"]).toEqual(answer);
    expect(friend.messages.map(({ text }) => text)).toEqual(["Look"]);
    expect(phone.messages.map(({ text }) => text)).toEqual(["Look"]);
    // Those of the dead process, too.
    await expect.poll(() => readdir(temporary), { timeout: 10_000 }).toEqual([]);
    expect(await readFile(source)).toEqual(FILE);
    expect(emulator.violations).toEqual([]);
  },
  240_000,
);

it("only what a killed process has left is removed: nothing younger, of another name or for other eyes", async () => {
  const folder = await folderFor("abandoned");
  const id = `3EB0${"0123456789ABCDEF01"}`;
  const put = async (name: string, ageMs: number, mode = 0o600): Promise<void> => {
    await writeFile(join(folder, name), "bytes", { mode });
    await age(join(folder, name), ageMs);
  };
  const old = HALF_AN_HOUR_MS + 1_000;
  await put(`image${id}-enc`, old);
  await put(`image${id}${id.slice(4)}-original`, old);
  await put(`thumbnail-link${id}`, old);
  for (const suffix of ["", "-enc", "-original"])
    await put(`zpwoot-thumbnail-link-0123456789abcdef01234567${suffix}`, old);
  const kept = [`video${id}-enc`, `audio${id}-enc`, `image${id}-enc.txt`, "image-enc", "zpwoot-notes-enc"];
  await put(`video${id}-enc`, HALF_AN_HOUR_MS - 60_000);
  await put(`audio${id}-enc`, old, 0o644);
  for (const name of kept.slice(2)) await put(name, old);
  await removeAbandonedFiles(folder, Date.now());
  expect((await readdir(folder)).sort()).toEqual([...kept].sort());
  await removeAbandonedFiles(join(folder, "there is none"), Date.now());
});
