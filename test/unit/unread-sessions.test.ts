/** Messages of an older session that come late, as after a retry: libsignal's own class, compiled for this test alone and patched. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import { describe, expect, it } from "vitest";
import { SignalParty, type EncryptedMessage } from "../../src/testing/signal/index.js";
import { keepUnreadSessions, type SessionCipherClass } from "../../src/whatsapp/libraries/unread-sessions.js";
import { type LibCipherClass, LibsignalPeer, silenceLibsignal } from "../testing/signal/libsignal-peer.js";

silenceLibsignal();

const FILE = createRequire(import.meta.url).resolve("libsignal/src/session_cipher.js");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function patchedCipher(): LibCipherClass {
  const module = { exports: {} as unknown };
  const names = ["require", "module", "exports"];
  compileFunction(readFileSync(FILE, "utf8"), names)(createRequire(FILE), module, module.exports);
  keepUnreadSessions(module.exports as SessionCipherClass);
  return module.exports as LibCipherClass;
}

/** Two devices with a session that was used both ways, and one message of the friend in it, with a new ratchet key, that is late. */
async function world() {
  const device = new LibsignalPeer(patchedCipher());
  const friend = new SignalParty();
  const hear = async ({ type, ciphertext }: EncryptedMessage) =>
    new TextDecoder().decode(await device.decrypt("friend", type, ciphertext));
  const tell = async (text: string) => {
    const { type, ciphertext } = await device.encrypt("friend", bytes(text));
    return new TextDecoder().decode(friend.decrypt("device", type, ciphertext));
  };
  const write = (text: string) => friend.encrypt("device", bytes(text));
  friend.startSession("device", device.bundle());
  expect(await hear(write("first"))).toBe("first");
  expect(await tell("answer")).toBe("answer");
  return { device, friend, hear, tell, write, late: write("late") };
}

describe("a late message of an older session", () => {
  it("that this device replaced is read, and the newer one goes on both ways", async () => {
    const { device, friend, hear, tell, write, late } = await world();
    await device.startSession("friend", friend.bundle());
    expect(await tell("newer")).toBe("newer");
    const answer = write("in the newer one");
    expect(await hear(late)).toBe("late");
    expect(await tell("newer still")).toBe("newer still");
    expect(await hear(answer)).toBe("in the newer one");
    expect(await tell("last")).toBe("last");
  });

  it("that the other device replaced is read, and the newer one goes on both ways", async () => {
    const { device, friend, hear, tell, write, late } = await world();
    friend.startSession("device", device.bundle());
    expect(await hear(write("newer"))).toBe("newer");
    expect(await hear(late)).toBe("late");
    expect(await tell("answer to the newer one")).toBe("answer to the newer one");
    for (const text of ["two", "three"]) {
      expect(await hear(write(text))).toBe(text);
      expect(await tell(text)).toBe(text);
    }
  });

  it("that is forged changes nothing", async () => {
    const { device, friend, hear, tell, write, late } = await world();
    await device.startSession("friend", friend.bundle());
    expect(await tell("newer")).toBe("newer");
    const forged = Uint8Array.from(late.ciphertext);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    await expect(hear({ ...late, ciphertext: forged })).rejects.toThrow("No matching sessions");
    expect(await hear(late)).toBe("late");
    expect(await hear(write("in the newer one"))).toBe("in the newer one");
  });
});
