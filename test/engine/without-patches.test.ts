import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { EngineWorld } from "../support/engine.js";

const require = createRequire(import.meta.url);

/** The sources of a module of the library that is loaded, and of its functions as they are called. */
async function functionsOf(path: string): Promise<{ readonly source: string; readonly functions: string[] }> {
  const module = require(path) as Record<string, unknown>;
  const functions = Object.values(module).filter((value) => typeof value === "function");
  return { source: await readFile(require.resolve(path), "utf8"), functions: functions.map(String) };
}

const PATCHED = [
  "libsignal/src/curve.js",
  "whaileys/lib/Utils/noise-handler.js",
  "whaileys/lib/Utils/history.js",
  "whaileys/lib/Utils/signal.js",
  "whaileys/lib/Utils/messages-media.js",
];

describe("whatsapp.patches: false", () => {
  it("links, sends and receives with the library as it is on the disk, and tells a manager that wants patches", async () => {
    await using world = await EngineWorld.open({ whatsapp: { patches: false } });
    const { id, phone } = await world.linked();
    const friend = world.phone();
    const received = world.next("messages.upsert", ({ data }) => data.type === "notify");
    friend.sendText(phone, "hello in");
    expect((await received).data.messages[0]?.message?.conversation).toBe("hello in");
    await world.manager.sendMessage(id, `+${friend.phoneNumber}`, { text: "hello out" });
    await friend.waitForMessage(({ text }) => text === "hello out");
    for (const path of PATCHED) {
      const { source, functions } = await functionsOf(path);
      for (const text of functions) expect(source.includes(text), `${path}: ${text.slice(0, 80)}`).toBe(true);
    }
    expect(world.emulator.violations).toEqual([]);

    await using patched = await EngineWorld.on(world.emulator);
    const refused: unknown = await patched.manager
      .connect(await patched.created())
      .catch((error: unknown) => error);
    expect(isZpwootError(refused, "INVALID_OPTION")).toBe(true);
    expect(String(refused)).toContain("whatsapp.patches");
  });
});
