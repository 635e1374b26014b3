/** Managers that are nodes of a cluster, on an emulator, with short leases. */
import { setTimeout as sleep } from "node:timers/promises";
import { cluster, type ClusterOptions } from "../../src/cluster/index.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { postgresTable, redisNamespace } from "../support/places.js";

/** Leases of tests: shorter than those of production, and long enough for a machine that has other work. */
export const TIMES = { leaseMs: 8_000, renewMs: 1_500, marginMs: 1_000 } as const;

/** The stores that nodes can share. */
export const SHARED_STORES = [
  { name: "Postgres", open: async () => postgresTable() },
  { name: "Redis", open: redisNamespace },
] as const;

/** One store, one emulator and the nodes on them. */
export class ClusterWorld implements AsyncDisposable {
  readonly managers: SessionManager[] = [];
  /** Every status and detail of every session, by whoever said it. */
  readonly states: string[] = [];
  #phones = 0;

  private constructor(
    readonly emulator: WhatsAppEmulator,
    readonly place: { readonly url: string; dispose(): Promise<void> },
  ) {}

  static async open(
    open: () => Promise<{ readonly url: string; dispose(): Promise<void> }>,
  ): Promise<ClusterWorld> {
    return new ClusterWorld(await WhatsAppEmulator.start(), await open());
  }

  /** A node that has not started. */
  node(options: ClusterOptions = {}, more: SessionManagerOptions = {}): SessionManager {
    return this.manager({ cluster: cluster({ times: TIMES, movesPerSecond: 50, ...options }), ...more });
  }

  /** A manager on the store. */
  manager(options: SessionManagerOptions = {}): SessionManager {
    const manager = new SessionManager({
      store: this.place.url,
      logger: false,
      reconnect: { firstDelayMs: 30, maxDelayMs: 120 },
      whatsapp: { ...this.emulator.whatsapp, connectTimeoutMs: 3_000, loginTimeoutMs: 3_000 },
      ...options,
    });
    manager.on(
      "session.status",
      ({ sessionId, to, detail }) => void this.states.push(`${sessionId} ${to} ${detail.state}`),
    );
    this.managers.push(manager);
    return manager;
  }

  async started(options: ClusterOptions = {}, more: SessionManagerOptions = {}): Promise<SessionManager> {
    const manager = this.node(options, more);
    await manager.start();
    return manager;
  }

  phone(): VirtualPhone {
    this.#phones += 1;
    return this.emulator.addPhone({ phoneNumber: String(5_511_999_000_000 + this.#phones) });
  }

  /** Sessions of that many phones, linked and connected. */
  async link(
    manager: SessionManager,
    count: number,
  ): Promise<readonly { readonly id: string; readonly phone: VirtualPhone }[]> {
    return Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const phone = this.phone();
        const { id } = await manager.create({ name: `s${index}-${phone.jid}` });
        const scanned = new Promise<void>((resolve, reject) => {
          // It may move before it is linked.
          for (const node of this.managers)
            node.on("session.qr", ({ sessionId, value }) => {
              if (sessionId === id) phone.scan(value).then(() => resolve(), reject);
            });
        });
        await manager.connect(id);
        await scanned;
        await manager.waitFor(id, "connected", { timeoutMs: 20_000 });
        return { id, phone };
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.stop()));
    await this.emulator.stop();
    await this.place.dispose();
  }
}

/** Settles when the test holds. */
export async function eventually(
  test: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await test())) {
    if (performance.now() > until) throw new Error(`It did not happen in time: ${what}`);
    await sleep(20);
  }
}

/** How many sessions each node runs. */
export function owned(managers: readonly SessionManager[]): readonly number[] {
  return managers.map((manager) => manager.cluster?.stats().owned ?? -1);
}
