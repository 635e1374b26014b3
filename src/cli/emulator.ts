/** `zpwoot emulator`: the WhatsApp emulator as a process of its own, operated over HTTP. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { messageOf, ZpwootError } from "../errors.js";
import { adminCalls, WhatsAppEmulator } from "../testing/index.js";

/** How the command is run. */
export interface EmulatorCommandOptions {
  /** TCP port; 0 picks a free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** The emulator of this command is always operated over HTTP. */
  readonly admin: true;
  /** Takes one line of output, without its line break. */
  readonly write: (line: string) => void;
  /** Ends the command. */
  readonly signal: AbortSignal;
}

/**
 * Runs an emulator until the signal is aborted; settles when its port is free again. Phones need not be added first: a call
 * that names a new number adds it. Rejects when the port is taken.
 */
export async function runEmulatorCommand(options: EmulatorCommandOptions): Promise<void> {
  const { port, host, write, signal } = options;
  const emulator = await WhatsAppEmulator.start({ port, host, admin: { addPhonesOnDemand: true } });
  try {
    write(`WhatsApp emulator: ${emulator.url}`);
    write(`Connect a session to it with ZPWOOT_WA_URL=${emulator.url}`);
    write(`Phones are added on demand. Calls at ${new URL(emulator.adminUrl).origin}:`);
    for (const call of adminCalls) write(`  ${call}`);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await emulator.stop();
  }
}

/** The port without `--port`. */
const DEFAULT_PORT = 3400;

/**
 * The command line of `zpwoot emulator`: `--port N` (default 3400; 0 picks a free one) and `--host ADDRESS` (default: this
 * machine only). Settles as {@link runEmulatorCommand} does; rejects with `INVALID_OPTION` for anything else.
 */
export async function emulatorCommand(
  args: readonly string[],
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { port, host } = readFlags(args);
  await runEmulatorCommand({ port, host, admin: true, write: print, signal });
}

function readFlags(args: readonly string[]): { readonly port: number; readonly host: string } {
  const options = {
    port: { type: "string", default: String(DEFAULT_PORT) },
    host: { type: "string", default: "127.0.0.1" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false, strict: true });
    const port = Number(values.port);
    if (/^\d+$/u.test(values.port) && port <= 65_535) return { port, host: values.host };
  } catch (error) {
    throw new ZpwootError("INVALID_OPTION", messageOf(error), { cause: error });
  }
  throw new ZpwootError("INVALID_OPTION", "--port must be a number from 0 to 65535");
}
