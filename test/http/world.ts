/** Puts a backend (a manager and ways to move its sessions) behind a server: what the contract suite runs against. */
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionsApi } from "../../src/api/sessions-api.js";
import type { SessionStatus } from "../../src/api/session-info.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { ZpwootError } from "../../src/errors.js";
import type { ServerKind, WireAnswer, WireRequest } from "./servers.js";

/** What can be wrong with a world from its beginning. */
export type WorldFault =
  /** The server has no API key configured. */
  | "no-api-key"
  /** A connection to WhatsApp can't even be begun: `connect` rejects with `CONNECTION_FAILED`. */
  | "no-connection";

/** Ways to bring sessions into every state. Each settles when the state is reached. */
interface Hooks {
  /** Waits until a connecting session shows a QR code, and gives it. */
  untilQRCode(id: string): Promise<string>;
  /** Waits until the session has the status. */
  untilStatus(id: string, status: SessionStatus): Promise<void>;
  /** A phone scans the session's QR code; settles when it is connected, and gives the phone's number (`+…`). */
  scan(id: string): Promise<string>;
  /** A phone with this number types the pairing code; settles when the session is connected. */
  enterPairingCode(id: string, phoneNumber: string, code: string): Promise<void>;
  /** The connection breaks unexpectedly; settles when the session no longer is `connected`. */
  drop(id: string): Promise<void>;
  /** From now on the store does not answer. */
  breakStore(): void;
}

/** A manager and its hooks. */
export interface Backend {
  readonly manager: SessionsApi;
  readonly hooks: Hooks;
  close(): Promise<void>;
}

/** A backend that is served. */
export interface World {
  readonly apiKey: string;
  readonly hooks: Hooks;
  send(request: WireRequest): Promise<WireAnswer>;
  close(): Promise<void>;
}

/** Serves a backend on a server. */
export async function openWorld(
  server: ServerKind,
  openBackend: (fault?: WorldFault) => Promise<Backend>,
  fault?: WorldFault,
): Promise<World> {
  const backend = await openBackend(fault);
  const apiKey = "key of the contract suite";
  if (fault === "no-api-key") delete process.env["API_KEY"];
  const handler = createHttpHandler(backend.manager, fault === "no-api-key" ? {} : { apiKeys: apiKey });
  const running = await server.listen(handler);
  return {
    apiKey,
    hooks: backend.hooks,
    send: (request) => running.send(request),
    close: async () => {
      await running.close();
      await backend.close();
    },
  };
}

/** The backend in memory. */
export async function openInMemoryBackend(fault?: WorldFault): Promise<Backend> {
  const manager = new InMemorySessions();
  if (fault === "no-connection") {
    manager.throwing.set("connect", new ZpwootError("CONNECTION_FAILED", "no route to WhatsApp"));
  }
  return {
    manager,
    hooks: {
      untilQRCode: (id) => manager.untilQRCode(id),
      untilStatus: async (id, status) => void (await manager.waitFor(id, status)),
      scan: (id) => manager.link(id),
      enterPairingCode: async (id) => void (await manager.link(id)),
      drop: (id) => manager.drop(id),
      breakStore: () =>
        manager.throwing.set("create", new ZpwootError("STORE_UNAVAILABLE", "the store is gone")),
    },
    close: async () => undefined,
  };
}
