/**
 * `zpwoot playground`: an emulator with two phones, a server with one session, and a page with both, at one address. Everything is in
 * memory, and gone when it stops.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { ZpwootError } from "../../errors.js";
import { createHttpHandler } from "../../http/index.js";
import { SessionManager } from "../../manager/session-manager.js";
import { createAdminHandler } from "../../testing/admin/handler.js";
import { WhatsAppEmulator, type LinkableSession } from "../../testing/index.js";
import { parseFlags } from "../flags.js";
import { Front } from "./front.js";
import { Happenings } from "./happenings.js";

/** The default port. */
const DEFAULT_PORT = 3500;
const SESSION_NAME = "demo";
const PHONES = [
  { phoneNumber: "5511999990001", name: "Ana" },
  { phoneNumber: "5511999990002", name: "Bruno" },
] as const;

/** Options of {@link runPlayground}. */
export interface PlaygroundOptions {
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** Writes one line of output. */
  readonly print: (line: string) => void;
  /** Stops the playground. */
  readonly signal: AbortSignal;
}

/** Runs until the signal is aborted; settles when everything is stopped. Rejects with `INVALID_OPTION` when the port is taken. */
export async function runPlayground({ port, host, print, signal }: PlaygroundOptions): Promise<void> {
  await using emulator = await WhatsAppEmulator.start();
  for (const phone of PHONES) emulator.addPhone(phone);
  const manager = new SessionManager({
    store: "memory:",
    logger: false,
    whatsapp: { ...emulator.whatsapp },
    webhooks: { allowPrivateTargets: true },
  });
  const apiKey = randomBytes(24).toString("base64url");
  const happenings = new Happenings();
  let sessionId = "";
  const front = new Front({
    admin: createAdminHandler(emulator, { addPhonesOnDemand: true, sessions: () => linkable(manager) }),
    handler: createHttpHandler(manager, { apiKeys: apiKey, system: true }),
    happenings,
    sessionId: () => sessionId,
  });
  try {
    await manager.start();
    watch(manager, () => sessionId, happenings);
    const url = await front.listen(port, host);
    const { id, webhookSecret } = await manager.create({
      name: SESSION_NAME,
      webhookUrl: `${ownUrl(url)}/webhook`,
      webhookEvents: ["messages.upsert", "messages.update"],
    });
    sessionId = id;
    happenings.secret = webhookSecret;
    await manager.connect(id);
    print(`zpwoot playground: ${url}/#key=${apiKey}`);
    print(
      "Open it in a browser. A server, an emulator of WhatsApp and two phones run here; nothing is kept, and no real WhatsApp is reached.",
    );
    print(
      `For programs: the server is at ${url}/sessions with the key above as X-API-Key, the emulator's calls at ${url}/admin/state`,
    );
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await Promise.all([front.stop(), manager.stop()]);
  }
}

/** The URL under which this process reaches itself. */
function ownUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

/** Sessions with the QR codes that they show now. */
async function linkable(manager: SessionManager): Promise<LinkableSession[]> {
  const sessions = await manager.list();
  return Promise.all(
    sessions.map(async ({ id, name }) => ({
      id,
      name,
      qr: (await manager.getQRCode(id)).qrCode ?? undefined,
    })),
  );
}

/** Records the states of the session that the page is about, and shows a QR code again when nobody scanned it in time, and after an unlink. */
function watch(manager: SessionManager, watched: () => string, happenings: Happenings): void {
  manager.on("session.status", ({ sessionId, to, detail }) => {
    if (sessionId !== watched()) return;
    const { state, reason } = detail;
    happenings.noteStatus({ at: Date.now(), status: to, state, reason });
    if (reason === "link-timeout" || state === "loggedOut") manager.connect(sessionId).catch(() => undefined);
  });
}

/**
 * The command line of `zpwoot playground`: `--port N` (default 3500) and `--host ADDRESS` (default 127.0.0.1). Settles as
 * {@link runPlayground}; rejects with `INVALID_OPTION` for anything else.
 */
export async function playgroundCommand(
  args: readonly string[],
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { flags } = parseFlags(args, { flags: ["port", "host"] });
  const { port = String(DEFAULT_PORT), host = "127.0.0.1" } = flags;
  if (!/^\d+$/u.test(port) || Number(port) > 65_535)
    throw new ZpwootError("INVALID_OPTION", "--port must be a number from 0 to 65535");
  await runPlayground({ port: Number(port), host, print, signal });
}
