/** The backend of the HTTP contract suite as two nodes: the server is node 2, and node 1 runs every session. */
import { SessionManager } from "../../src/manager/session-manager.js";
import { cluster } from "../../src/cluster/index.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { type VirtualPhone, WhatsAppEmulator } from "../../src/testing/index.js";
import { addressOf, FaultProxy, through } from "../store/fault-proxy.js";
import type { Backend, WorldFault } from "../http/world.js";

/** What a store is opened as. */
export type OpenPlace = () => Promise<{ readonly url: string; dispose(): Promise<void> }>;

const WAIT = { timeoutMs: 10_000 };

let phones = 0;

/** The second node, but sessions are made at the first one. */
function askedOf(owner: SessionManager, other: SessionManager): SessionManager {
  return new Proxy(other, {
    get: (_, name) => {
      const node = name === "create" || name === "getOrCreate" ? owner : other;
      const value: unknown = Reflect.get(node, name, node);
      return typeof value === "function" ? (value.bind(node) as unknown) : value;
    },
  });
}

/** Two nodes, of which the second one is asked. */
export async function openTwoNodes(open: OpenPlace, options: SessionManagerOptions = {}) {
  const [emulator, place] = await Promise.all([WhatsAppEmulator.start(), open()]);
  const port = place.url.startsWith("redis") ? 6379 : 5432;
  const proxy = await FaultProxy.start(addressOf(place.url, port));
  const node = (name: string, weight: number): SessionManager =>
    new SessionManager({
      store: through(proxy, place.url),
      cluster: cluster({ name, weight }),
      logger: false,
      whatsapp: { ...emulator.whatsapp, ...options.whatsapp },
      reconnect: { firstDelayMs: 50, maxDelayMs: 200 },
      ...options,
    });
  // The weights keep every session where it was made.
  const [owner, other] = [node("owner", 1_000), node("other", 0.001)];
  await owner.start();
  await other.start();
  return {
    ...{ emulator, proxy, owner, other },
    asked: askedOf(owner, other),
    newPhone: (): VirtualPhone => {
      phones += 1;
      return emulator.addPhone({ phoneNumber: `55118${String(phones).padStart(8, "0")}` });
    },
    close: async (): Promise<void> => {
      proxy.mode = "pass";
      await Promise.all([other.stop(), owner.stop()]);
      await Promise.all([emulator.stop(), proxy.stop()]);
      await place.dispose();
    },
  };
}

/** Opens one. Its sessions reconnect after about 50 ms. */
export async function openClusterBackend(open: OpenPlace, fault?: WorldFault): Promise<Backend> {
  const unusable = {
    name: "unusable",
    makeSocket: () => {
      throw new Error("no route to WhatsApp");
    },
    webSocketOf: () => ({ readyState: 3 }) as never,
    initAuthCreds: () => ({ signedIdentityKey: { public: new Uint8Array(32) } }) as never,
    reviveAppStateSyncKey: (plain: unknown) => plain as never,
  };
  const nodes = await openTwoNodes(
    open,
    fault === "no-connection" ? { whatsapp: { socketFactory: unusable } } : {},
  );
  const { emulator, owner, other, asked, proxy, newPhone, close } = nodes;
  const phoneOf = new Map<string, VirtualPhone>();
  const untilQRCode = async (id: string): Promise<string> => {
    const { qrCode } = await other.getQRCode(id, WAIT);
    if (qrCode === null) throw new Error("the session shows no QR code");
    return qrCode;
  };
  return {
    manager: asked,
    hooks: {
      untilQRCode,
      untilStatus: async (id, status) => void (await owner.waitFor(id, status, WAIT)),
      scan: async (id) => {
        const phone = newPhone();
        phoneOf.set(id, phone);
        await phone.scan(await untilQRCode(id));
        return (await owner.waitFor(id, "connected", WAIT)).phoneNumber ?? "";
      },
      enterPairingCode: async (id, phoneNumber, code) => {
        await emulator.addPhone({ phoneNumber }).enterPairingCode(code);
        await owner.waitFor(id, "connected", WAIT);
      },
      drop: async (id) => {
        const dropped = owner.waitFor(id, "connecting", WAIT);
        const phone = phoneOf.get(id);
        if (phone === undefined) throw new Error("nobody scanned this session");
        emulator.disconnect(phone.jid, { how: "close" });
        await dropped;
      },
      breakStore: () => {
        proxy.mode = "refuse";
      },
    },
    close,
  };
}
