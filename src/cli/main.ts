#!/usr/bin/env node
/** The `zpwoot` command. */
import { createRequire } from "node:module";
import { isZpwootError, messageOf } from "../errors.js";
import { SETTINGS, readSettings } from "./settings.js";

const HELP = `zpwoot: many WhatsApp Web sessions in one process

  zpwoot serve      serve the /sessions HTTP contract
  zpwoot demo       link, receive, crash, reconnect and log out, on an emulator; --real uses the real WhatsApp
  zpwoot emulator   run the WhatsApp emulator alone: --port N
  zpwoot export <session> [--out file]                           one session as an encrypted file
  zpwoot import <file|folder> --name <new> | --session <known>   such a file, or a multi-file auth folder; --force
  zpwoot backup now | list | restore <file> --session <id>       encrypted snapshots of all sessions; --force
  zpwoot reencrypt                                               encrypts the store with the first encryption key
  zpwoot keys create <name> --role viewer|operator|admin [--sessions id,id] | list | revoke <id>   API keys
  zpwoot help       this text
  zpwoot version

Flags and environment variables (a flag overrides its variable). A session is named by id or name. Stop the program that uses a
store before import, restore and reencrypt:
${Object.values(SETTINGS)
  .map(({ flag, env, help }) => `  --${flag.padEnd(22)} ${env.padEnd(29)} ${help}`)
  .join("\n")}`;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** How long a stop may take before the process ends anyway. */
const FORCED_EXIT_MS = 1_900;

/** Aborted by the first SIGTERM or SIGINT; the second one ends the process at once. */
function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    // Unreferenced: it keeps nothing alive, and only ends what does not end by itself.
    setTimeout(() => process.exit(process.exitCode ?? 0), FORCED_EXIT_MS).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return controller.signal;
}

async function run([command = "help", ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case "serve": {
      const settings = readSettings(args, process.env);
      const { serve } = await import("./serve.js");
      await serve(settings, { print, signal: untilSignalled() });
      // Sockets that the peer never closes would keep the process up for half a minute.
      return process.exit(0);
    }
    case "demo": {
      const { demo } = await import("./demo.js");
      return demo(args, { print, signal: untilSignalled() });
    }
    case "emulator": {
      const { emulatorCommand } = await import("./emulator.js");
      return emulatorCommand(args, { print, signal: untilSignalled() });
    }
    case "export":
    case "import":
    case "backup":
    case "reencrypt": {
      const { backupCommand } = await import("./backup.js");
      return backupCommand(command, args, print);
    }
    case "keys": {
      const { keysCommand } = await import("./keys.js");
      return keysCommand(args, print);
    }
    case "version":
    case "--version":
      return print((createRequire(import.meta.url)("../../package.json") as { version: string }).version);
    case "help":
    case "--help":
    case "-h":
      return print(HELP);
    default:
      throw new Error(`unknown command ${JSON.stringify(command)}. See zpwoot help`);
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`zpwoot: ${messageOf(error)}\n`);
  process.exitCode = isZpwootError(error, "INVALID_OPTION") ? 2 : 1;
  // A failed start may have left sockets open.
  setTimeout(() => process.exit(), 100).unref();
});
