/** The backend of the contract suite with nothing in place of anything: the manager, whaileys, the emulator. */
import { SessionManager } from "../../src/manager/session-manager.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import type { Backend, WorldFault } from "./world.js";

/** A Keyv storage adapter over a Map that can be told to fail, as a database that went away does. */
class BreakableAdapter {
  readonly opts = { dialect: "memory", url: "memory:" };
  broken = false;
  readonly #map = new Map<string, unknown>();

  get(key: string): Promise<unknown> {
    return this.#answer(() => this.#map.get(key));
  }

  getMany(keys: string[]): Promise<unknown[]> {
    return this.#answer(() => keys.map((key) => this.#map.get(key)));
  }

  set(key: string, value: unknown): Promise<unknown> {
    return this.#answer(() => this.#map.set(key, value));
  }

  setMany(entries: { key: string; value: unknown }[]): Promise<unknown> {
    return this.#answer(() => entries.map(({ key, value }) => this.#map.set(key, value)));
  }

  delete(key: string): Promise<boolean> {
    return this.#answer(() => this.#map.delete(key));
  }

  deleteMany(keys: string[]): Promise<boolean> {
    return this.#answer(() => keys.map((key) => this.#map.delete(key)).some(Boolean));
  }

  clear(): Promise<void> {
    return this.#answer(() => this.#map.clear());
  }

  on(): this {
    return this;
  }

  async #answer<T>(act: () => T): Promise<T> {
    if (this.broken) throw new Error("connect ECONNREFUSED");
    return act();
  }
}

let phones = 0;

/** Opens one. Its sessions reconnect after about 50 ms. */
export async function openEngineBackend(fault?: WorldFault): Promise<Backend> {
  const emulator = await WhatsAppEmulator.start();
  const store = new BreakableAdapter();
  const manager = new SessionManager({
    store,
    logger: false,
    whatsapp: {
      url: emulator.url,
      ...(fault === "no-connection"
        ? {
            socketFactory: {
              name: "unusable",
              makeSocket: () => {
                throw new Error("no route to WhatsApp");
              },
              webSocketOf: () => ({ readyState: 3 }) as never,
              initAuthCreds: () => ({ signedIdentityKey: { public: new Uint8Array(32) } }) as never,
              reviveAppStateSyncKey: (plain) => plain,
            },
          }
        : {}),
    },
    reconnect: { firstDelayMs: 50, maxDelayMs: 200 },
  });
  const newPhone = (): VirtualPhone => {
    phones += 1;
    return emulator.addPhone({ phoneNumber: `55119${String(phones).padStart(8, "0")}` });
  };
  const phoneOf = new Map<string, VirtualPhone>();
  const untilQRCode = async (id: string): Promise<string> => {
    for (;;) {
      const { qrCode } = await manager.getQRCode(id);
      if (qrCode !== null) return qrCode;
      await new Promise<void>((resolve) => manager.once("session.qr", () => resolve()));
    }
  };
  return {
    manager,
    hooks: {
      untilQRCode,
      untilStatus: async (id, status) => void (await manager.waitFor(id, status, { timeoutMs: 10_000 })),
      scan: async (id) => {
        const phone = newPhone();
        phoneOf.set(id, phone);
        await phone.scan(await untilQRCode(id));
        const { phoneNumber } = await manager.waitFor(id, "connected", { timeoutMs: 10_000 });
        return phoneNumber ?? "";
      },
      enterPairingCode: async (id, phoneNumber, code) => {
        const phone = emulator.addPhone({ phoneNumber });
        await phone.enterPairingCode(code);
        await manager.waitFor(id, "connected", { timeoutMs: 10_000 });
      },
      drop: async (id) => {
        const dropped = manager.waitFor(id, "connecting", { timeoutMs: 10_000 });
        const phone = phoneOf.get(id);
        if (phone === undefined) throw new Error("nobody scanned this session");
        emulator.disconnect(phone.jid, { how: "close" });
        await dropped;
      },
      breakStore: () => {
        store.broken = true;
      },
    },
    close: async () => {
      await manager.stop();
      await emulator.stop();
    },
  };
}
