/** One broken connection: a fault at one step, how long the session took to notice, and to be back once the fault is gone. */
import { phases, type FaultAction, type Phase } from "../../src/testing/index.js";
import { EngineWorld } from "./engine.js";

/** A fault and its place. */
export interface ChaosCase {
  readonly at: Phase;
  readonly action: FaultAction & string;
}

/** What came of a case. */
export interface ChaosResult {
  /** From the fault to the moment the session gave the connection up, in milliseconds. */
  readonly noticedMs: number;
  /** From the removal of the fault to `connected`, in milliseconds. */
  readonly recoveredMs: number;
}

/** Our own deadline of each phase in these cases. */
const DEADLINE_MS = 400;
/** A connection on which nothing is due is found dead by its keep-alive: whaileys allows 5 s beyond the interval. */
const NOTICE_MS = 8_000;

const ACTIONS = ["close", "reset", "silence", "garbage"] as const;
/** Steps that only a linked session takes. */
const LINKED: ReadonlySet<Phase> = new Set(["login", "pre-keys", "active", "open"]);
/** Steps at which a phone is linking the session. */
const LINKING: ReadonlySet<Phase> = new Set(["pair-success", "restart"]);
/** How often a fault strikes before it is over. Where a phone has to act, or time has to pass: once. */
const STRIKES = 3;

/** Every action at every step; at the upgrade there is no frame yet that could be garbage. */
export const chaosCases: readonly ChaosCase[] = phases.flatMap((at) =>
  ACTIONS.filter((action) => at !== "upgrade" || action !== "garbage").map((action) => ({ at, action })),
);

/** Runs one case on an emulator and a manager of its own. Rejects when the session hangs or doesn't come back. */
export async function runChaosCase({ at, action }: ChaosCase): Promise<ChaosResult> {
  await using world = await EngineWorld.open({
    whatsapp: { connectTimeoutMs: DEADLINE_MS, loginTimeoutMs: DEADLINE_MS, keepAliveIntervalMs: 200 },
  });
  const id = LINKED.has(at) ? await rested(world) : await world.created();
  let noticed = 0;
  world.manager.on("session.status", ({ detail }) => {
    if (detail.state === "closing") noticed = performance.now();
  });
  let struck = 0;
  world.emulator.on("fault", () => (struck = performance.now()));
  const times = LINKING.has(at) || action === "silence" ? 1 : STRIKES;
  const heal = world.emulator.faults.add({ at, action, times });
  const gaveUp = untilGivenUp(world, times);
  await world.manager.connect(id);
  let scanned: string | undefined;
  if (LINKING.has(at)) {
    scanned = await world.qr(id);
    // The phone learns of the broken connection too; what counts is the session.
    void world
      .phone()
      .scan(scanned)
      .catch(() => {});
  }
  await gaveUp;
  heal();
  const healed = performance.now();
  if (!LINKED.has(at) && at !== "restart") await world.phone().scan(await world.qr(id, scanned));
  await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  const wrong = [...world.all("error"), ...world.all("store.error"), ...world.all("session.logged-out")];
  if (wrong.length > 0) throw new Error(`${JSON.stringify(wrong)}\n${world.story()}`);
  return { noticedMs: Math.round(noticed - struck), recoveredMs: Math.round(performance.now() - healed) };
}

/** A session that is linked, and disconnected. */
async function rested(world: EngineWorld): Promise<string> {
  const { id } = await world.linked();
  await world.manager.disconnect(id);
  return id;
}

/** Settles when the session has given up its connection so often after a fault. */
async function untilGivenUp(world: EngineWorld, strikes: number): Promise<void> {
  for (let strike = 0; strike < strikes; strike += 1) {
    await world.emulator.waitFor("fault");
    await world.next("session.status", ({ detail }) => detail.state === "closing", NOTICE_MS);
  }
}
