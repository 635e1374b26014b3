/**
 * The examples that are projects of their own, as `npm run try:install` tries them: installed with the packed tarball, built as their
 * framework builds, started, used over HTTP by a client whose account is on the emulator, and started once more.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ZpwootClient } from "../../src/client/index.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { attempt, INSTALL_MS, lastLines } from "./attempt.js";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");
const START_MS = 60_000;
const BUILD_MS = 300_000;

/** The projects, and what starts each. */
export const PROJECTS: Readonly<Record<string, readonly string[]>> = {
  next: ["node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1"],
  nest: ["dist/main.js"],
};

/** Tries one. Settles with how each step went. */
export async function tryExample(
  name: string,
  { work, tarball }: { readonly work: string; readonly tarball: string },
): Promise<Record<string, string>> {
  const cwd = join(work, `example-${name}`);
  await cp(join(EXAMPLES, name), cwd, { recursive: true });
  const file = join(cwd, "package.json");
  const project = JSON.parse(await readFile(file, "utf8")) as { dependencies: Record<string, string> };
  project.dependencies["zpwoot"] = `file:${tarball}`;
  await writeFile(file, JSON.stringify(project));
  const env = { NEXT_TELEMETRY_DISABLED: "1" };
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
  const steps: Record<string, string> = {
    install: await attempt("npm", args, { cwd, timeout: INSTALL_MS }),
  };
  if (steps["install"] === "ok")
    steps["build"] = await attempt("npm", ["run", "build"], { cwd, timeout: BUILD_MS, env });
  if (steps["build"] === "ok")
    steps["run"] = await used(cwd, PROJECTS[name] ?? []).catch((error: Error) => error.message);
  await rm(cwd, { recursive: true, force: true });
  return steps;
}

/** A session from its creation to its return after a restart. */
async function used(cwd: string, program: readonly string[]): Promise<string> {
  await using emulator = await WhatsAppEmulator.start();
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
  const context = { cwd, port: await freePort(), emulatorUrl: emulator.url };
  const { client, root } = clientOf(context.port);
  {
    await using _first = await Running.start(program, context);
    const { id } = await client.createSession({ name: "sales" });
    await client.connectSession(id);
    const { qrCode } = await client.waitForQRCode(id);
    await phone.scan(String(qrCode));
    await client.waitForStatus(id, "connected", { timeoutMs: START_MS });
    await client.sendMessage(id, friend.phoneNumber, { text: "from the example" });
    await friend.waitForMessage(({ text }) => text === "from the example", { timeoutMs: START_MS });
  }
  await using _second = await Running.start(program, context);
  const [session] = await client.listSessions();
  await client.waitForStatus(session?.id ?? "", "connected", { timeoutMs: START_MS });
  const page = await (await fetch(root)).text();
  return page.includes("sales: connected")
    ? "ok"
    : `its own page does not show the session: ${lastLines(page)}`;
}

function clientOf(port: number): { readonly client: ZpwootClient; readonly root: string } {
  const root = `http://127.0.0.1:${port}`;
  return { client: new ZpwootClient({ baseUrl: root, apiKey: API_KEY }), root };
}

const API_KEY = "a-key-of-the-tried-examples";

/** A started example. */
class Running implements AsyncDisposable {
  readonly #child;
  #said = "";

  private constructor(program: readonly string[], { cwd, port, emulatorUrl }: RunContext) {
    const env = { ...process.env, API_KEY, PORT: String(port), ZPWOOT_WA_URL: emulatorUrl };
    this.#child = spawn(process.execPath, program, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const output of [this.#child.stdout, this.#child.stderr])
      output.on("data", (piece: Buffer) => (this.#said += piece.toString()));
  }

  /** Settles when it answers. Rejects with the end of its output when it ends, or does not answer in time. */
  static async start(program: readonly string[], context: RunContext): Promise<Running> {
    const running = new Running(program, context);
    const { client } = clientOf(context.port);
    const until = Date.now() + START_MS;
    while (running.#child.exitCode === null && Date.now() < until) {
      if (await client.listSessions().then(...[() => true, () => false])) return running;
      await sleep(200);
    }
    await running[Symbol.asyncDispose]();
    throw new Error(`it did not answer: ${lastLines(running.#said)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(killing);
  }
}

interface RunContext {
  readonly cwd: string;
  readonly port: number;
  readonly emulatorUrl: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
