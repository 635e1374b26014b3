/** The sessions of a running server that a phone of the emulator may scan, asked for over its HTTP API. */
import { ZpwootClient } from "../client/index.js";
import type { LinkableSession } from "../testing/index.js";

/** How long one answer may take. */
const TIMEOUT_MS = 5_000;
/** Sessions that are asked for their code; a person does not pick from more. */
const MAX_SESSIONS = 50;

/** Those that are being connected come first, with the QR codes that they show. Rejects as the client does. */
export async function linkableSessions(server: string, apiKey: string): Promise<LinkableSession[]> {
  const client = new ZpwootClient({ baseUrl: server, apiKey, timeoutMs: TIMEOUT_MS });
  const sessions = (await client.listSessions()).filter(({ status }) => status !== "connected");
  const waiting = sessions.toSorted((one, other) => rank(one.status) - rank(other.status));
  return Promise.all(
    waiting.slice(0, MAX_SESSIONS).map(async ({ id, name, status }) => {
      if (status !== "connecting") return { id, name };
      const { qrCode } = await client.getQRCode(id);
      return { id, name, qr: qrCode ?? undefined };
    }),
  );
}

function rank(status: string): number {
  return status === "connecting" ? 0 : 1;
}
