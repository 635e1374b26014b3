#!/usr/bin/env node
/** The `zpwoot` command. */
import { createRequire } from "node:module";
import { hintFor } from "../api/check-options.js";
import { isZpwootError, messageOf } from "../errors.js";
import { COMMANDS, help, helpOf, isCommand } from "./commands.js";
import { boundOutput, ignoreOutputErrors, print } from "./output.js";

/** Deadline for a clean stop; then the process exits anyway. */
const FORCED_EXIT_MS = 1_900;
/** The same for a node of a cluster, which first gives its sessions to the others. */
const FORCED_EXIT_OF_NODE_MS = 24_000;

/** Returns a signal that the first SIGTERM or SIGINT aborts. The second one exits at once. */
function stopSignal(forcedExitMs = FORCED_EXIT_MS): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    // Unreferenced, so that it does not delay a clean exit.
    setTimeout(() => process.exit(process.exitCode ?? 0), forcedExitMs).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return controller.signal;
}

/** `zpwoot serve`, or what it would serve with. */
async function runServe(args: readonly string[]): Promise<void> {
  const { processSources, readConfig } = await import("./read-config.js");
  const isPrinted = args.includes("--print-config");
  const read = await readConfig(
    args.filter((arg) => arg !== "--print-config"),
    processSources(),
  );
  if (isPrinted) return print((await import("./print-config.js")).printedConfig(read));
  boundOutput();
  const { serve } = await import("./serve.js");
  const { cluster = false } = read.config;
  const signal = stopSignal(cluster === false ? FORCED_EXIT_MS : FORCED_EXIT_OF_NODE_MS);
  await serve(read, { print, signal });
  // Sockets that the peer never closes would keep the process alive for half a minute.
  process.exit(0);
}

async function run([command = "help", ...args]: readonly string[]): Promise<void> {
  if (isCommand(command) && args.some((arg) => arg === "--help" || arg === "-h"))
    return print(helpOf(command));
  switch (command) {
    case "serve":
      return runServe(args);
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
    case "playground": {
      boundOutput();
      const { playgroundCommand } = await import("./playground/playground.js");
      await playgroundCommand(args, { print, signal: stopSignal() });
      return process.exit(0);
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
    case "cluster": {
      const { clusterCommand } = await import("./cluster.js");
      return clusterCommand(args, print);
    }
    case "version":
    case "--version":
    case "-v":
    case "-V":
      return print((createRequire(import.meta.url)("../../package.json") as { version: string }).version);
    case "help":
    case "--help":
    case "-h": {
      const [about] = args;
      return print(about !== undefined && isCommand(about) ? helpOf(about) : help());
    }
    default:
      throw new Error(
        `unknown command ${JSON.stringify(command)}${hintFor(command, Object.keys(COMMANDS))}. See zpwoot help`,
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
