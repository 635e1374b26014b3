/** `zpwoot emulator`: runs the WhatsApp emulator as a process of its own, controlled over HTTP. */
import { once } from "node:events";
import { ZpwootError } from "../errors.js";
import { adminCalls, WhatsAppEmulator } from "../testing/index.js";
import { parseFlags } from "./flags.js";

/** Options of {@link runEmulatorCommand}. */
export interface EmulatorCommandOptions {
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
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
  const { port, host, print, signal } = options;
  const emulator = await WhatsAppEmulator.start({ port, host, admin: { addPhonesOnDemand: true } });
  try {
    print(`WhatsApp emulator: ${emulator.url}`);
    print(
      `Connect a session to it with ZPWOOT_WA_URL=${emulator.url} ZPWOOT_WA_MEDIA_URL=${emulator.media.url}`,
    );
    print(`Phones are added on demand. Calls at ${new URL(emulator.adminUrl).origin}:`);
    for (const call of adminCalls) print(`  ${call}`);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await emulator.stop();
  }
}

/** The default port. */
const DEFAULT_PORT = 3400;

/**
 * The command line of `zpwoot emulator`: `--port N` (default 3400) and `--host ADDRESS` (default 127.0.0.1). Settles as
 * {@link runEmulatorCommand}; rejects with `INVALID_OPTION` for anything else.
 */
export async function emulatorCommand(
  args: readonly string[],
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { port, host } = readFlags(args);
  await runEmulatorCommand({ port, host, print, signal });
}

function readFlags(args: readonly string[]): { readonly port: number; readonly host: string } {
  const { flags } = parseFlags(args, { flags: ["port", "host"] });
  const { port = String(DEFAULT_PORT), host = "127.0.0.1" } = flags;
  if (/^\d+$/u.test(port) && Number(port) <= 65_535) return { port: Number(port), host };
  throw new ZpwootError("INVALID_OPTION", "--port must be a number from 0 to 65535");
}
