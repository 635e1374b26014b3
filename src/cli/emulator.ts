/** `zpwoot emulator`: runs the WhatsApp emulator as a process of its own, controlled over HTTP. */
import { once } from "node:events";
import { ZpwootError } from "../errors.js";
import { adminCalls, WhatsAppEmulator } from "../testing/index.js";
import { parseFlags } from "./flags.js";
import { linkableSessions } from "./linkable-sessions.js";

/** Options of {@link runEmulatorCommand}. */
export interface EmulatorCommandOptions {
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** URL of a zpwoot server whose sessions phones may scan by their name. */
  readonly server?: string | undefined;
  /** Its API key. */
  readonly apiKey?: string | undefined;
  /** Writes one line of output. */
  readonly print: (line: string) => void;
  /** Stops the emulator. */
  readonly signal: AbortSignal;
}

/**
 * Runs an emulator until the signal is aborted; settles when its port is free again. A call with a new phone number adds the phone.
 * Rejects if the port is taken.
 */
export async function runEmulatorCommand(options: EmulatorCommandOptions): Promise<void> {
  const { port, host, server, apiKey = "", print, signal } = options;
  const sessions = server === undefined ? {} : { sessions: () => linkableSessions(server, apiKey) };
  const emulator = await WhatsAppEmulator.start({
    port,
    host,
    admin: { addPhonesOnDemand: true, ...sessions },
  });
  try {
    const { origin } = new URL(emulator.adminUrl);
    print(`WhatsApp emulator: ${emulator.url}`);
    print(`Its phones, to operate by hand: ${origin}/`);
    print("Connect a session to it:");
    print(`  of a server: ZPWOOT_WA_URL=${emulator.url} ZPWOOT_WA_MEDIA_URL=${emulator.media.url}`);
    print(
      `  of a program: new SessionManager({ whatsapp: { url: "${emulator.url}", mediaUrl: "${emulator.media.url}" } })`,
    );
    print(`Phones are added on demand. Calls at ${origin}:`);
    for (const call of adminCalls) print(`  ${call}`);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await emulator.stop();
  }
}

/** The default port. */
const DEFAULT_PORT = 3400;

/**
 * The command line of `zpwoot emulator`: `--port N` (default 3400), `--host ADDRESS` (default 127.0.0.1), and `--server URL` of a
 * zpwoot server, whose API key is in `API_KEY`. Settles as {@link runEmulatorCommand}; rejects with `INVALID_OPTION` for anything else.
 */
export async function emulatorCommand(
  args: readonly string[],
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { port, host, server } = readFlags(args);
  await runEmulatorCommand({ port, host, server, apiKey: process.env["API_KEY"], print, signal });
}

function readFlags(args: readonly string[]): Pick<EmulatorCommandOptions, "port" | "host" | "server"> {
  const { flags } = parseFlags(args, { flags: ["port", "host", "server"] });
  const { port = String(DEFAULT_PORT), host = "127.0.0.1", server } = flags;
  if (!/^\d+$/u.test(port) || Number(port) > 65_535)
    throw new ZpwootError("INVALID_OPTION", "--port must be a number from 0 to 65535");
  if (server !== undefined && !/^https?:\/\/./u.test(server))
    throw new ZpwootError("INVALID_OPTION", "--server must be the URL of a zpwoot server, http://…");
  return { port: Number(port), host, server };
}
