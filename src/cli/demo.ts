/**
 * `zpwoot demo`: links a session, kills the server and restores the session, step by step. A child process runs `zpwoot serve` with
 * the embedded store and the unmodified whaileys; this process is the phone, the HTTP client and the webhook receiver.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../errors.js";
import { WhatsAppEmulator } from "../testing/index.js";
import { DemoClient } from "./demo-client.js";
import { isTerminal } from "./output.js";
import { DemoReceiver, type Delivery } from "./demo-receiver.js";
import { DemoServer } from "./demo-server.js";
import type { ServeContext } from "./serve.js";
import { drawQRCode } from "../api/qr-image.js";

/** Deadline of a step on the emulator. */
const EMULATED_MS = 10_000;
/** Deadline of a step in which a person uses a phone. */
const PERSON_MS = 150_000;

/** The account's phone and a contact; with `--real`, people. */
interface Phones {
  /** Scans the QR code on the screen. */
  scan(qr: string): Promise<void>;
  /** Sends a text from the contact to the account. Returns the text to expect, or undefined for any. */
  sendText(text: string): Promise<string | undefined>;
  /** WebSocket URL of the emulator; undefined for the real WhatsApp. */
  readonly waUrl: string | undefined;
  readonly timeoutMs: number;
  /** Stops the emulator, if there is one. */
  stop(): Promise<void>;
}

/** Runs the demo; rejects at the first step that fails. Removes its files. */
export async function demo(args: readonly string[], { print, signal }: ServeContext): Promise<void> {
  const real = args.includes("--real");
  const unknown = args.find((arg) => arg !== "--real");
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; demo takes --real or nothing`);
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-demo-"));
  const phones = real ? realPhones(print) : await emulatedPhones();
  const receiver = await DemoReceiver.start();
  const servers: DemoServer[] = [];
  try {
    printIntroduction(real, print);
    await runSteps({ phones, receiver, servers, folder, print, signal });
    print("\nDone: linked once, killed, reconnected without a QR code, logged out.");
  } finally {
    for (const server of servers) await server.kill();
    await Promise.all([receiver.stop(), phones.stop(), rm(folder, { recursive: true, force: true })]);
  }
}

function printIntroduction(real: boolean, print: (line: string) => void): void {
  print(
    "Real: the HTTP API, the engine, whaileys (unmodified), Noise and Signal encryption, the embedded store on disk,",
  );
  print("      the process that is killed, the signed webhook.");
  print(
    real
      ? "Real too: WhatsApp, your phone, the internet."
      : "Emulated: WhatsApp's servers and two phones. A virtual phone scans the QR code; yours stays where it is.",
  );
  if (!real) print("      zpwoot demo --real does the same with the real WhatsApp and your phone.");
  print("");
}

/** What the steps work with. */
interface Stage {
  readonly phones: Phones;
  readonly receiver: DemoReceiver;
  readonly servers: DemoServer[];
  readonly folder: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

async function runSteps(stage: Stage): Promise<void> {
  const { phones, receiver, print, signal } = stage;
  const deadline = { timeoutMs: phones.timeoutMs, signal };
  const step = stepper(print, signal);
  const apiKey = randomBytes(16).toString("hex");

  let server = await step("start a server (child process, embedded store)", () => launch(stage, apiKey));
  let client = new DemoClient(server.url, apiKey);
  const { id } = await step("create a session with a webhook", async () => {
    const created = await client.call("POST", "/create", {
      name: "demo",
      webhookUrl: receiver.url,
      webhookEvents: ["messages.upsert"],
    });
    receiver.secret = String(created["webhookSecret"]);
    return { id: String(created["id"]) };
  });
  const connected = (): Promise<unknown> =>
    client.poll(`/${id}/status`, ({ status }) => status === "connected", deadline);

  await step("connect", () => client.call("POST", `/${id}/connect`));
  const qr = await step("poll for the QR code", async () => {
    const answer = await client.poll(`/${id}/qr`, ({ qrCode }) => typeof qrCode === "string", deadline);
    return String(answer["qrCode"]);
  });
  const isVirtual = phones.waUrl !== undefined;
  if (isTerminal()) print(await drawQRCode(qr, "terminal"));
  else if (!isVirtual) print("  ...     the QR code is drawn on a terminal only");
  if (isVirtual) print("  ...     nobody has to scan this code: the virtual phone does");
  await step(isVirtual ? "the virtual phone scans it" : "scan it with the phone", () => phones.scan(qr));
  await step("poll until connected", connected);
  await step("receive an end-to-end encrypted message as a signed webhook", () =>
    receiveMessage(stage, "hello from the demo"),
  );
  await step(`kill the server's process (SIGKILL, pid ${server.pid})`, () => server.kill());
  server = await step("restart it", () => launch(stage, apiKey));
  client = new DemoClient(server.url, apiKey);
  await step("poll until reconnected, without a QR code", connected);
  await step("receive a message with the same keys", () => receiveMessage(stage, "hello again"));
  await step("log out: unlink the device, delete the credentials", async () => {
    await client.call("POST", `/${id}/logout`);
    const { status, phoneNumber } = await client.call("GET", `/${id}/info`);
    if (status !== "disconnected" || phoneNumber !== null) throw new Error("the session still looks linked");
  });
  await step("stop the server (SIGTERM)", async () => {
    const code = await server.terminate();
    if (code !== 0) throw new Error(`it ended with exit code ${code}`);
  });
}

async function launch({ phones, folder, servers }: Stage, apiKey: string): Promise<DemoServer> {
  const server = await DemoServer.start({
    port: "0",
    "api-key": apiKey,
    store: `lmdb:${join(folder, "store")}`,
    "allow-private-targets": "true",
    "log-level": "error",
    ...(phones.waUrl === undefined ? {} : { "wa-url": phones.waUrl }),
  });
  servers.push(server);
  return server;
}

async function receiveMessage({ phones, receiver }: Stage, wanted: string): Promise<void> {
  const text = await phones.sendText(wanted);
  await receiver.waitFor((delivery) => isMessage(delivery, text), phones.timeoutMs);
}

function isMessage({ event, data }: Delivery, text: string | undefined): boolean {
  if (event !== "messages.upsert") return false;
  return text === undefined || JSON.stringify(data).includes(JSON.stringify(text));
}

/** Prints each step as it happens, with its time; a failed one says so and ends the demo. */
function stepper(print: (line: string) => void, signal: AbortSignal) {
  return async <T>(title: string, act: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const begun = performance.now();
    try {
      const result = await act();
      print(`  ok      ${title}  (${Math.round(performance.now() - begun)} ms)`);
      return result;
    } catch (error) {
      print(`  FAILED  ${title}: ${messageOf(error)}`);
      throw error;
    }
  };
}

async function emulatedPhones(): Promise<Phones> {
  const emulator = await WhatsAppEmulator.start();
  const owner = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
  const friend = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });
  return {
    waUrl: emulator.url,
    timeoutMs: EMULATED_MS,
    scan: async (qr) => {
      await owner.scan(qr);
    },
    sendText: async (text) => {
      friend.sendText(owner.jid, text);
      return text;
    },
    stop: () => emulator.stop(),
  };
}

function realPhones(print: (line: string) => void): Phones {
  return {
    waUrl: undefined,
    timeoutMs: PERSON_MS,
    scan: async () =>
      print("  ...     on your phone: WhatsApp, Linked devices, Link a device, and scan the code above"),
    sendText: async () => {
      print("  ...     send this account a message from another phone");
      return undefined;
    },
    stop: async () => {},
  };
}
