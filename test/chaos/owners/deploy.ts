/** A rolling deploy: `zpwoot serve --wait` replaces a server on its port and its store, while texts come in and go out as webhooks. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ZpwootClient } from "../../../src/client/index.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../../src/testing/index.js";
import { Child } from "../../support/child.js";
import { Receiver } from "../../support/receiver.js";

const MAIN = new URL("../../../src/cli/main.ts", import.meta.url);
const WITHIN_MS = 30_000;
const LOOK_MS = 25;
/** Between two texts. */
const EVERY_MS = 20;
/** What a server says while another one has its port. */
const WAITS = "Waiting for the process that uses the port";

/** How big a deploy is. */
export interface DeploySize {
  readonly sessions: number;
  /** How often a server is replaced. */
  readonly rolls: number;
}

/** What came of it. */
export interface DeployResult {
  readonly sent: number;
  /** Texts that no webhook had. */
  readonly lost: readonly string[];
  /** How long each session was without a connection, in milliseconds, once per roll. */
  readonly gaps: readonly number[];
  /** Of the servers that were replaced. */
  readonly exitCodes: readonly (number | null)[];
  /** Whatever else should not have been: a conflict, a broken protocol, a text that was not readable. */
  readonly problems: readonly string[];
}

/** Does it. Rejects when something does not happen in time. */
export async function rollingDeploy(store: string, { sessions, rolls }: DeploySize): Promise<DeployResult> {
  await using emulator = await WhatsAppEmulator.start();
  await using receiver = await Receiver.start();
  const port = await freePort();
  const servers: Child[] = [];
  const serve = (): Child => {
    const place = ["--store", store, "--port", String(port), "--wa-url", emulator.url];
    const more = ["--api-key", "k", "--allow-private-targets", "--log-level", "info"];
    const server = new Child(MAIN, ["serve", "--wait", ...place, ...more]);
    servers.push(server);
    return server;
  };
  const away = watchConnections(emulator);
  const exitCodes: (number | null)[] = [];
  try {
    let current = serve();
    const client = new ZpwootClient({ baseUrl: `http://127.0.0.1:${port}`, apiKey: "k" });
    const friend = emulator.addPhone({ phoneNumber: "5511999991000" });
    const phones = await linkAll(emulator, client, receiver.url, sessions);
    away.gaps.length = 0;
    const texts = sendAll(friend, phones);
    for (let roll = 1; roll <= rolls; roll += 1) {
      const next = serve();
      await eventually(() => next.output.includes(WAITS));
      exitCodes.push(await current.end("SIGTERM"));
      await eventually(() => away.gaps.length >= roll * sessions);
      current = next;
    }
    texts.stop();
    const missing = (): string[] =>
      texts.sent.filter((text) => !receiver.received.some(({ body }) => body.includes(text)));
    await eventually(() => missing().length === 0).catch(() => {});
    return {
      ...{ sent: texts.sent.length, lost: missing(), gaps: away.gaps, exitCodes },
      problems: [
        ...away.problems,
        ...servers.filter(({ output }) => output.includes("conflict")).map(({ output }) => output),
      ],
    };
  } catch (error) {
    const outputs = servers.map(({ output }) => output.split("\n").slice(-12).join("\n"));
    throw new Error([String(error), ...outputs].join("\n---\n"), { cause: error });
  } finally {
    for (const server of servers) await server.end("SIGKILL");
  }
}

/** How long devices are without a connection, and what else the service sees. */
function watchConnections(emulator: WhatsAppEmulator) {
  const gaps: number[] = [];
  const problems: string[] = [];
  const closedAt = new Map<string, number>();
  emulator.on(
    "connection.closed",
    ({ jid }) => void (jid !== undefined && closedAt.set(jid, performance.now())),
  );
  emulator.on("active", ({ jid }) => {
    const since = closedAt.get(jid);
    if (since !== undefined) gaps.push(performance.now() - since);
    closedAt.delete(jid);
  });
  emulator.on("protocol-violation", ({ problem }) => problems.push(problem));
  emulator.on("undecryptable", ({ reason }) => problems.push(`a phone could not read a text: ${reason}`));
  return { gaps, problems };
}

/** Makes sessions over HTTP and links each to a phone. */
async function linkAll(
  emulator: WhatsAppEmulator,
  client: ZpwootClient,
  webhookUrl: string,
  count: number,
): Promise<readonly VirtualPhone[]> {
  const link = async (n: number): Promise<VirtualPhone> => {
    const phone = emulator.addPhone({ phoneNumber: `55119999920${String(n).padStart(2, "0")}` });
    const input = { name: `deploy ${n}`, webhookUrl, webhookEvents: ["messages.upsert" as const] };
    const { id } = await untilDone(() => client.createSession(input));
    await client.connectSession(id);
    const qr = await untilDone(async () => {
      const { qrCode } = await client.getQRCode(id);
      if (qrCode === null) throw new Error("there is no QR code yet");
      return qrCode;
    });
    await phone.scan(qr);
    await untilDone(async () => {
      const { status } = await client.getSessionStatus(id);
      if (status !== "connected") throw new Error(`it is ${status}`);
    });
    return phone;
  };
  const phones: VirtualPhone[] = [];
  for (let n = 1; n <= count; n += 1) phones.push(await link(n));
  return phones;
}

/** Texts to the sessions in turn, until it is stopped. */
function sendAll(friend: VirtualPhone, phones: readonly VirtualPhone[]) {
  const sent: string[] = [];
  const timer = setInterval(() => {
    const phone = phones[sent.length % phones.length];
    if (phone === undefined) return;
    // With an end, so that none is a part of another one.
    sent.push(`deploy-${sent.length}.`);
    friend.sendText(phone, sent.at(-1) ?? "");
  }, EVERY_MS);
  return { sent, stop: () => clearInterval(timer) };
}

async function eventually(holds: () => boolean): Promise<void> {
  await untilDone(async () => {
    if (!holds()) throw new Error("it did not happen in time");
  });
}

/** Tries until it does not reject. */
async function untilDone<T>(attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(LOOK_MS);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
