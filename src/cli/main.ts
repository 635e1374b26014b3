#!/usr/bin/env node
/** The `zpwoot` command. */
import { createRequire } from "node:module";
import { hintFor } from "../api/check-options.js";
import { isZpwootError, messageOf } from "../errors.js";
import { boundOutput, ignoreOutputErrors, print } from "./output.js";
import { SETTINGS, readSettings } from "./settings.js";

const HELP = `zpwoot: many WhatsApp Web sessions in one process

  zpwoot serve      serve the /sessions HTTP API
  zpwoot demo       link, receive, crash, reconnect and log out, on an emulator; --real uses the real WhatsApp
  zpwoot emulator   run the WhatsApp emulator: --port N --host ADDRESS
  zpwoot list       list the sessions of a store
  zpwoot export <session> [--out file]                              write one session to an encrypted file
  zpwoot import <file|folder> --name <new> | --session <existing>   read such a file or a multi-file auth folder; --force
  zpwoot backup now | list | restore <file> --session <id>          encrypted snapshots of all sessions; --force
  zpwoot tombstone list | restore <session> | erase <session>       copies of credentials that a logout or a deletion left
  zpwoot reencrypt                                                  encrypt the store with the first encryption key
  zpwoot keys create <name> --role viewer|operator|admin [--sessions id,id] | list | revoke <id>   manage API keys, also beside a server
  zpwoot help       show this text
  zpwoot version    show the version

<session> is an id or a name. keys, list, and export of a session that is offline, work beside a running server; import, backup,
tombstone and reencrypt need the store for themselves.

Flags and their environment variables; a flag wins, the default is in parentheses:
${Object.values(SETTINGS)
  .map(({ flag, env, help }) => `  --${flag.padEnd(22)} ${env.padEnd(29)} ${help}`)
  .join("\n")}`;

const COMMANDS = [
  "serve",
  "demo",
  "emulator",
  "list",
  "export",
  "import",
  "backup",
  "tombstone",
  "reencrypt",
  "keys",
  "help",
  "version",
];

/** Deadline for a clean stop; then the process exits anyway. */
const FORCED_EXIT_MS = 1_900;

/** Returns a signal that the first SIGTERM or SIGINT aborts. The second one exits at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    // Unreferenced, so that it does not delay a clean exit.
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
      boundOutput();
      const { serve } = await import("./serve.js");
      await serve(settings, { print, signal: stopSignal() });
      // Sockets that the peer never closes would keep the process alive for half a minute.
      return process.exit(0);
    }
    case "demo": {
      boundOutput();
      const { demo } = await import("./demo.js");
      return demo(args, { print, signal: stopSignal() });
    }
    case "emulator": {
      boundOutput();
      const { emulatorCommand } = await import("./emulator.js");
      return emulatorCommand(args, { print, signal: stopSignal() });
    }
    case "list": {
      const { listCommand } = await import("./stored-sessions.js");
      return listCommand(args, print);
    }
    case "export":
    case "import":
    case "backup":
    case "reencrypt": {
      const { backupCommand } = await import("./backup.js");
      return backupCommand(command, args, print);
    }
    case "tombstone": {
      const { tombstoneCommand } = await import("./tombstones.js");
      return tombstoneCommand(args, print);
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
      throw new Error(
        `unknown command ${JSON.stringify(command)}${hintFor(command, COMMANDS)}. See zpwoot help`,
      );
  }
}

ignoreOutputErrors();
run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`zpwoot: ${messageOf(error)}\n`);
  // 2: trying again is useless until something is changed.
  process.exitCode = isZpwootError(error) && error.permanent ? 2 : 1;
  // A failed start may leave sockets open, which would keep the process alive.
  setTimeout(() => process.exit(), 100).unref();
});
