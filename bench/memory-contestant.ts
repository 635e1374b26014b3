/** Links sessions, lets them rest, and prints what each costs: `memory-contestant.ts <contestant> <emulator> <sessions>`. */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type * as whaileys from "whaileys";
import type { SignalDataTypeMap } from "whaileys";
import { SessionManager } from "../src/manager/session-manager.js";
import { operate } from "./whatsapp-process.js";

const [contestant = "", url = "", sessions = "1"] = process.argv.slice(2);

/** Settles when what a session does after it is linked is done. */
const REST_MS = 3_000;
/** They are linked before the first look: what is loaded and compiled once is not theirs. */
const WARM = 5;
const AT_ONCE = 5;

const phoneOf = (n: number): string => String(5_511_900_000_000 + n);

async function scan(n: number, qr: string): Promise<void> {
  await operate(url, `phones/${phoneOf(n)}/scan`, { qr });
}

/** Opens the session of a number, linked. */
type Open = (n: number) => Promise<void>;

function bare(): Open {
  const library = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;
  const { default: makeWASocket, initAuthCreds, BufferJSON } = library;
  const logger = pino({ level: "silent" });
  /** As an application keeps them, to send. */
  const sockets = new Map<number, whaileys.WASocket>();
  process.once("exit", () => sockets.clear());
  return async (n) => {
    const creds = initAuthCreds();
    const texts = new Map<string, string>();
    const keys = {
      get: async <Type extends keyof SignalDataTypeMap>(type: Type, ids: string[]) =>
        Object.fromEntries(
          ids.flatMap((id) => {
            const text = texts.get(`${type} ${id}`);
            return text === undefined ? [] : [[id, JSON.parse(text, BufferJSON.reviver)]];
          }),
        ),
      set: async (data: object) => {
        for (const [type, entries] of Object.entries(data))
          for (const [id, value] of Object.entries(entries as Record<string, unknown>))
            if (value == null) texts.delete(`${type} ${id}`);
            else texts.set(`${type} ${id}`, JSON.stringify(value, BufferJSON.replacer));
      },
    };
    await new Promise<void>((opened, failed) => {
      const connect = (): void => {
        const socket = makeWASocket({ waWebSocketUrl: url, auth: { creds, keys }, logger: logger as never });
        sockets.set(n, socket);
        socket.ev.on("creds.update", (change) => void Object.assign(creds, change));
        socket.ev.on("connection.update", ({ connection, qr }) => {
          if (qr !== undefined) scan(n, qr).catch(failed);
          if (connection === "open") opened();
          // Linked: WhatsApp asks for a new connection.
          if (connection === "close") connect();
        });
      };
      connect();
    });
  };
}

function zpwoot(): Open {
  const manager = new SessionManager({ store: "memory:", logger: false, whatsapp: { url } });
  return async (n) => {
    const { id } = await manager.create({ name: `s${n}` });
    await manager.connect(id);
    let qr: string | null = null;
    while ((qr = (await manager.getQRCode(id)).qrCode) === null) await sleep(5);
    await scan(n, qr);
    await manager.waitFor(id, "connected");
  };
}

async function openFrom(open: Open, from: number, to: number): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const n = next;
      next += 1;
      await operate(url, "phones", { phoneNumber: phoneOf(n) });
      await open(n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await sleep(REST_MS);
}

function look() {
  for (let n = 0; n < 4; n += 1) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, outside: external, rss };
}

const open = contestant === "zpwoot" ? zpwoot() : bare();
await openFrom(open, 0, WARM);
const before = look();
const count = Number(sessions);
await openFrom(open, WARM, WARM + count);
const after = look();
const each = (what: "heap" | "outside" | "rss"): number => (after[what] - before[what]) / count;
console.log(JSON.stringify({ heap: each("heap"), outside: each("outside"), rss: each("rss") }));
process.exit(0);
