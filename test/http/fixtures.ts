/** Small helpers the adapter's tests share. */
import { once } from "node:events";
import { connect } from "node:net";
import { createHttpHandler, type HttpHandler, type HttpHandlerOptions } from "../../src/http/index.js";
import type { Logger } from "../../src/api/logger.js";
import { InMemorySessions } from "./in-memory-sessions.js";

/** The key of every handler made here. */
export const KEY = "a key of the tests";

/** Headers of a request by an existing client. */
export const AS_CLIENT = { "content-type": "application/json", "x-api-key": KEY } as const;

/** A logger that remembers. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] = [];

  trace = this.#at("trace");
  debug = this.#at("debug");
  info = this.#at("info");
  warn = this.#at("warn");
  error = this.#at("error");

  /** Everything logged, as one text to search. */
  get text(): string {
    return JSON.stringify(this.lines);
  }

  #at(level: string) {
    return (fields: object, message: string): void => void this.lines.push({ level, fields, message });
  }
}

/** A handler on sessions in memory. */
export function openHandler(options: HttpHandlerOptions = {}): {
  readonly handler: HttpHandler;
  readonly manager: InMemorySessions;
  readonly logger: RecordingLogger;
} {
  const manager = new InMemorySessions();
  const logger = new RecordingLogger();
  return { manager, logger, handler: createHttpHandler(manager, { apiKeys: KEY, logger, ...options }) };
}

/** Writes text to a port as it is, and reads until the pattern is found (or the server closes). */
export async function talk(port: number, text: string, until: RegExp): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
  socket.write(text);
  let heard = "";
  try {
    for await (const chunk of socket) {
      heard += String(chunk);
      if (until.test(heard)) break;
    }
    return heard;
  } finally {
    socket.destroy();
    if (!socket.closed) await once(socket, "close");
  }
}

/** A valid body for each route that needs one with fields. */
export const ROUTE_BODIES: Readonly<Record<string, object>> = {
  createSession: { name: "new" },
  pairPhone: { phoneNumber: "+5511999999999" },
  updateSession: {},
  createApiKey: { name: "made", role: "admin" },
  exportCredentials: { passphrase: "a long passphrase" },
  importCredentials: { bundle: "b", passphrase: "a long passphrase" },
  sendMessage: { to: "+5511999999999", content: { text: "x" } },
  downloadMedia: { message: { imageMessage: {} } },
  createGroup: { subject: "s", participants: [] },
  updateGroup: { subject: "s" },
  updateGroupParticipants: { action: "add", participants: ["5511999999999"] },
  joinGroup: { code: "Abcdefghijklmnopqrstuv" },
  checkPhoneNumbers: { phoneNumbers: ["5511999999999"] },
  setPresence: { presence: "available" },
  setChatActivity: { activity: "typing" },
  markRead: { keys: [{ remoteJid: "5511999999999@s.whatsapp.net", id: "x" }] },
};
