/** What constructors and commands accept. */
import { expectTypeOf, test } from "vitest";
import {
  baileys7,
  type ConnectOptions,
  type CreateSessionInput,
  type PairingCodeInfo,
  SessionManager,
  type SessionInfo,
  type SessionManagerOptions,
  type SessionsApi,
  type SocketFactory,
  type UpdateSessionInput,
  type UpdatedSession,
} from "zpwoot";
import { createHttpHandler, type HttpHandler } from "zpwoot/http";

declare const manager: SessionManager;

test("every option of a manager has a default", () => {
  expectTypeOf<Record<never, never>>().toExtend<SessionManagerOptions>();
  expectTypeOf(SessionManager).constructorParameters.toEqualTypeOf<[options?: SessionManagerOptions]>();
});

test("options are checked by name and by type", () => {
  // @ts-expect-error misspelt
  new SessionManager({ reconect: {} });
  // @ts-expect-error not a store
  new SessionManager({ store: 42 });
  // @ts-expect-error not a form of a QR code
  new SessionManager({ whatsapp: { qrFormat: "svg" } });
  // @ts-expect-error on is what leaving it out means
  new SessionManager({ eventLog: true });
});

test("a library is handed in as itself or as what loads it", () => {
  new SessionManager({ whatsapp: { socketFactory: baileys7(() => import("baileys-7")) } });
  new SessionManager({ whatsapp: { socketFactory: () => Promise.resolve({} as SocketFactory) } });
});

test("commands take and return plain data", () => {
  expectTypeOf<{ name: string }>().toExtend<CreateSessionInput>();
  expectTypeOf<{ webhookUrl: string }>().not.toExtend<CreateSessionInput>();
  expectTypeOf<{ signal: AbortSignal; maxQrs: number; timeoutMs: number }>().toExtend<ConnectOptions>();
  expectTypeOf<{ proxy: null; webhook: null }>().toExtend<UpdateSessionInput>();
  expectTypeOf(manager.connect("id")).resolves.toEqualTypeOf<void>();
  expectTypeOf(manager.get("id")).resolves.toEqualTypeOf<SessionInfo>();
  expectTypeOf(manager.update("id", {})).resolves.toEqualTypeOf<UpdatedSession>();
  expectTypeOf(manager.pair("id", "+5511999999999")).resolves.toEqualTypeOf<PairingCodeInfo>();
  // @ts-expect-error not a status
  void manager.waitFor("id", "open");
});

test("the adapter takes a manager or anything with its commands", () => {
  expectTypeOf(createHttpHandler(manager, { apiKeys: ["a", "b"] })).toEqualTypeOf<HttpHandler>();
  createHttpHandler(manager, { apiKeys: false });
  createHttpHandler({} as SessionsApi);
  // @ts-expect-error a key is text
  createHttpHandler(manager, { apiKeys: 1 });
});
