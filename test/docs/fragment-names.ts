/**
 * The names that a code block may take for granted: what the text around it speaks of. A block that declares one itself has its own.
 * `compiled.test.ts` makes ambient declarations of them, `fragments.ts` gives them values when blocks are run.
 */
import type { RequestListener } from "node:http";
import type { Readable } from "node:stream";
import type * as whaileys from "whaileys";
import type { Application, Request, Response } from "express";
import type * as zpwoot from "../../src/index.js";
import type { ZpwootClient } from "../../src/client/index.js";
import type { HttpHandler, createHttpHandler } from "../../src/http/index.js";
import type { VirtualPhone, WhatsAppEmulator, storeContract } from "../../src/testing/index.js";

export interface FragmentNames {
  // What zpwoot exports, where a block is about one call and leaves the import out.
  SessionManager: typeof zpwoot.SessionManager;
  drawQRCode: typeof zpwoot.drawQRCode;
  isZpwootError: typeof zpwoot.isZpwootError;
  createHttpHandler: typeof createHttpHandler;
  WhatsAppEmulator: typeof WhatsAppEmulator;
  storeContract: typeof storeContract;

  // A manager, and a session that is linked and connected.
  manager: zpwoot.SessionManager;
  other: zpwoot.SessionManager;
  id: string;
  sessionId: string;
  newId: string;
  messageId: string;
  message: zpwoot.MediaMessage & whaileys.WAMessage;
  to: string;
  chat: string;
  groupJid: string;
  phoneNumber: string;
  order: { readonly id: number };
  signal: AbortSignal;
  jpegBytes: Uint8Array;
  bytes: Uint8Array;
  store: "memory:";
  passphrase: string;
  lastSeenId: string;
  url: string;
  apiKey: string;
  events: readonly zpwoot.WebhookEventName[];

  // The reader's own program.
  app: Application;
  request: Request;
  response: Response;
  handler: HttpHandler;
  client: ZpwootClient;
  server: RequestListener;
  redis: unknown;
  secret: string;
  rawBody: string;
  text: string;
  alreadySeen: (eventId: string) => Promise<boolean>;
  handle: (event: unknown) => Promise<void>;
  catchUp: () => Promise<void>;
  alert: (...facts: unknown[]) => void;
  file: Readable;
  MyAdapter: new (url: string) => Map<string, unknown>;
  pino: (options?: { level: string }) => zpwoot.Logger;

  // The library, where a block does without the engine.
  makeWASocket: typeof whaileys.default.default;
  downloadMediaMessage: typeof whaileys.downloadMediaMessage;
  auth: whaileys.AuthenticationState;

  // Tests of the reader's own.
  emulator: WhatsAppEmulator;
  owner: VirtualPhone;
  friend: VirtualPhone;
  phone: VirtualPhone;
  describe: (title: string, body: () => void) => void;
  it: {
    each: <Row extends readonly unknown[]>(
      rows: readonly Row[],
    ) => (title: string, run: (...row: Row) => unknown) => void;
  };
  test: (title: string, run: () => unknown) => void;
}
