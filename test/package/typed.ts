/** A program that the packed package's types are tried with: test/package/packed.test.ts and test/install/try-install.ts compile it. */
export const TYPED_PROGRAM = `import { SessionManager, defineConfig, type WhatsAppSocket } from "zpwoot";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";
import { createMetrics } from "zpwoot/metrics";
import { ZpwootClient } from "zpwoot/client";

const manager = new SessionManager({ store: "memory:" });

export async function sockets(): Promise<WhatsAppSocket> {
  // @ts-expect-error: a socket is no number, whichever library is installed
  const bad: number = await manager.socket("x");
  void bad;
  return manager.socket("x");
}

manager.on("messages.upsert", ({ data }) => {
  for (const message of data.messages) console.log(message.key.remoteJid);
  // @ts-expect-error: no such field
  console.log(data.mesages);
});

// @ts-expect-error: no such event
manager.on("messages.upser", () => undefined);

export default defineConfig({ whatsapp: { qrFormat: "url" } });
export { createHttpHandler, createMetrics, WhatsAppEmulator, ZpwootClient };
`;
