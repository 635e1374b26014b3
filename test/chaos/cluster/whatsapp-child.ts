/**
 * WhatsApp in a process of its own: takes commands as JSON lines, answers each, and reports what it sees, with the moment.
 * `whatsapp-child.ts <seed>`.
 */
import { createInterface } from "node:readline";
import { WhatsAppEmulator, type VirtualPhone } from "../../../src/testing/index.js";
import { moment } from "./history.js";

/** What it may be asked. */
export type WhatsAppCommand =
  | { readonly do: "add"; readonly number: string }
  | { readonly do: "scan"; readonly number: string; readonly qr: string }
  | { readonly do: "text"; readonly from: string; readonly to: string; readonly text: string };

const [seed = "1"] = process.argv.slice(2);
const report = (fact: object): void =>
  void process.stdout.write(`${JSON.stringify({ ...fact, at: moment() })}\n`);

const emulator = await WhatsAppEmulator.start({ seed: Number(seed), transcriptLimit: 10 });
const phones = new Map<string, VirtualPhone>();

function phone(number: string): VirtualPhone {
  const known = phones.get(number) ?? emulator.addPhone({ phoneNumber: number });
  phones.set(number, known);
  return known;
}

emulator.on("login", ({ jid, connectionId, clientPort }) =>
  report({ saw: "login", jid, connection: connectionId, port: clientPort }),
);
emulator.on("connection.closed", ({ jid, connectionId, clientPort }) => {
  if (jid !== undefined) report({ saw: "closed", jid, connection: connectionId, port: clientPort });
});
emulator.on("message", ({ phoneNumber, message }) => {
  if (!message.fromMe && message.text !== undefined)
    report({ saw: "arrived", number: phoneNumber, text: message.text, id: message.id });
});
emulator.on("undecryptable", ({ phoneNumber, from, reason }) =>
  report({ saw: "unreadable", who: phoneNumber, why: `${reason}, from ${from}` }),
);
emulator.on("protocol-violation", ({ jid, problem }) =>
  report({ saw: "unreadable", who: jid ?? "the service", why: problem }),
);

async function act(command: WhatsAppCommand): Promise<void> {
  if (command.do === "add") phone(command.number);
  else if (command.do === "scan") await phone(command.number).scan(command.qr);
  else phone(command.from).sendText(phone(command.to), command.text);
}

const commands = createInterface({ input: process.stdin });
// Whoever asks is gone, however it ended.
commands.once("close", () => process.exit(0));
commands.on("line", (line) => {
  const { op, ...command } = JSON.parse(line) as WhatsAppCommand & { readonly op: number };
  act(command).then(
    () => report({ op, ok: true }),
    (error: unknown) => report({ op, ok: false, value: String(error) }),
  );
});
report({ url: emulator.url });
