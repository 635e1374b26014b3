/** What each command is, for `zpwoot help` and `zpwoot <command> --help`. */
import { SETTINGS } from "./settings.js";

/** A command as its help describes it. */
export interface Command {
  /** After `zpwoot <name>`. */
  readonly usage: string;
  readonly summary: string;
  /** Flags of its own, with what they do. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Whether it takes the settings of `zpwoot serve` that say where sessions are. */
  readonly settings?: "all" | "store" | "backup";
  /** A line to copy. */
  readonly example: string;
}

const FORCE = "replace newer credentials, or those of another device";

/** All commands. */
export const COMMANDS = {
  serve: {
    usage: "[flags]",
    summary: "serve the /sessions HTTP API and its pages",
    flags: { "print-config": "print the configuration that applies, secrets masked, and end" },
    settings: "all",
    example: "API_KEY=… zpwoot serve --port 8080 --store postgres://localhost/zpwoot",
  },
  demo: {
    usage: "[--real]",
    summary: "link, receive, crash, reconnect and log out, on an emulator",
    flags: { real: "use the real WhatsApp and your phone" },
    example: "zpwoot demo",
  },
  emulator: {
    usage: "[--port N] [--host ADDRESS] [--server URL]",
    summary: "run the WhatsApp emulator, with a page for its phones",
    flags: {
      port: "port to listen on (3400)",
      host: "address to listen on (127.0.0.1)",
      server: "a zpwoot server whose sessions phones may pick and scan; its key in API_KEY (none)",
    },
    example: "zpwoot emulator --port 3400",
  },
  playground: {
    usage: "[--port N] [--host ADDRESS]",
    summary: "try it without a phone: a server and the emulator's phones on one page",
    flags: { port: "port to listen on (3500)", host: "address to listen on (127.0.0.1)" },
    example: "zpwoot playground",
  },
  list: {
    usage: "",
    summary: "list the sessions of a store, also beside a running server",
    settings: "store",
    example: "zpwoot list",
  },
  export: {
    usage: "<session>",
    summary: "write one session to an encrypted file",
    flags: { out: "the file (standard output)", force: "replace a file that is there" },
    settings: "backup",
    example: "zpwoot export sales --out sales.zpwoot --passphrase-file ./passphrase",
  },
  import: {
    usage: "<file|folder>",
    summary: "read such a file, or a multi-file auth folder of whaileys or Baileys",
    flags: { name: "the name of a new session", session: "an existing session, by id or name", force: FORCE },
    settings: "backup",
    example: "zpwoot import ./auth_info_baileys --name sales",
  },
  backup: {
    usage: "now | list | restore <file> --session <id>",
    summary: "encrypted snapshots of all sessions",
    flags: { session: "the session to restore, by id", force: FORCE },
    settings: "backup",
    example: "zpwoot backup now --backup-dir ./snapshots --passphrase-file ./passphrase",
  },
  tombstone: {
    usage: "list | restore <session id> | erase <session id>",
    summary: "copies of credentials that a logout or a deletion left",
    settings: "store",
    example: "zpwoot tombstone list",
  },
  reencrypt: {
    usage: "",
    summary: "encrypt the store with the first encryption key",
    settings: "store",
    example: "ZPWOOT_ENCRYPTION_KEYS=<new>,<old> zpwoot reencrypt",
  },
  keys: {
    usage: "create <name> --role viewer|operator|admin [--sessions name,id] | list | revoke <id>",
    summary: "manage API keys, also beside a running server",
    flags: { role: "what the key may do", sessions: "the only sessions that it sees, by id or name (all)" },
    settings: "store",
    example: "zpwoot keys create dashboard --role viewer --sessions sales,support",
  },
  cluster: {
    usage: "status [--json] | drain <node>",
    summary: "the nodes that share a store: see them, take one out of work",
    flags: { json: "print the status as JSON" },
    settings: "store",
    example: "zpwoot cluster drain node-2 --store redis://localhost",
  },
  help: { usage: "[command]", summary: "show this text, or a command's", example: "zpwoot help serve" },
  version: { usage: "", summary: "show the version (also -v)", example: "zpwoot version" },
} as const satisfies Readonly<Record<string, Command>>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Whether a text is the name of a command. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

const STORE_FLAGS: readonly string[] = ["config", "store", "encryption-keys"];
const BACKUP_FLAGS: readonly string[] = [...STORE_FLAGS, "backup-dir", "passphrase-file"];

/** The help of one command. */
export function helpOf(name: CommandName): string {
  const { usage, summary, flags = {}, settings, example }: Command = COMMANDS[name];
  const own = Object.entries(flags).map(([flag, help]) => `  --${flag.padEnd(22)} ${help}`);
  const shown = Object.values(SETTINGS).filter(
    ({ flag }) =>
      settings === "all" ||
      (settings !== undefined && (settings === "backup" ? BACKUP_FLAGS : STORE_FLAGS).includes(flag)),
  );
  const sections = [
    `zpwoot ${name}${usage === "" ? "" : ` ${usage}`}\n\n${summary}`,
    ...(own.length === 0 ? [] : [`Flags:\n${own.join("\n")}`]),
    ...(shown.length === 0 ? [] : [`${SETTINGS_HEAD}\n${shown.map(settingLine).join("\n")}`]),
    `Example: ${example}`,
  ];
  return sections.join("\n\n");
}

const SETTINGS_HEAD =
  "Settings: a flag wins over its environment variable, and that over the configuration file; the default is in parentheses:";

function settingLine({ flag, env, help }: (typeof SETTINGS)[keyof typeof SETTINGS]): string {
  return `  --${flag.padEnd(22)} ${env.padEnd(29)} ${help}`;
}

/** The help of all. */
export function help(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  zpwoot ${name.padEnd(10)} ${summary}`,
  );
  return `zpwoot: many WhatsApp Web sessions in one process

${lines.join("\n")}

zpwoot <command> --help shows a command's flags. <session> is an id or a name, <node> the first letters of an id or a name. keys,
list, cluster, and export of a session that is offline, work beside a running server; import, backup, tombstone and reencrypt need the store for themselves.

${SETTINGS_HEAD}
${Object.values(SETTINGS).map(settingLine).join("\n")}`;
}
