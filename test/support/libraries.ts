/** The libraries that the engine's suites run over: the default one, and one that is handed in. */
import type { SessionManagerOptions, WhatsAppOptions } from "../../src/manager/options.js";
import type { WhatsAppEmulator } from "../../src/testing/index.js";
import type { SocketFactoryOption } from "../../src/whatsapp/library.js";
import { baileys7 } from "../../src/whatsapp/libraries/baileys7.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { EngineWorld } from "./engine.js";

/** Baileys 7 as a caller hands it in. */
const handedInBaileys7 = baileys7(() => import("baileys-7"));

function library(name: string, socketFactory: SocketFactoryOption, times: WhatsAppOptions = {}) {
  const whatsapp = { socketFactory, ...times };
  return {
    name,
    socketFactory,
    /** A world whose manager uses this library. */
    open: (options: SessionManagerOptions = {}): Promise<EngineWorld> =>
      EngineWorld.open({ ...options, whatsapp: { ...whatsapp, ...options.whatsapp } }),
    /** Another on an emulator that is there already. */
    on: (emulator: WhatsAppEmulator, options: SessionManagerOptions = {}): Promise<EngineWorld> =>
      EngineWorld.on(emulator, { ...options, whatsapp: { ...whatsapp, ...options.whatsapp } }),
  };
}

/** The libraries themselves, for `describe.each` of suites that need no manager. */
export const LOADED = [
  { name: "whaileys", library: loadWhaileys() },
  { name: "Baileys 7", library: await handedInBaileys7() },
] as const;

/** For `describe.each`. */
export const LIBRARIES = [
  library("whaileys", loadWhaileys),
  // It uploads 800 keys at the first login.
  library("Baileys 7", handedInBaileys7, { loginTimeoutMs: 5_000 }),
] as const;
