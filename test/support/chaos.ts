/** One fault in one part of a session's life: how it ended, and whether the session lives on when the fault is gone. */
import { randomInt } from "node:crypto";
import type { SessionDetail } from "../../src/api/session-detail.js";
import type { DisconnectInput, FaultAction, VirtualPhone } from "../../src/testing/index.js";
import type { SocketFactoryOption } from "../../src/whatsapp/library.js";
import type { ChaosCell } from "./chaos-switches.js";
import { EngineWorld } from "./engine.js";

/** What came of a cell. */
export interface ChaosResult {
  /** How the session ended: `recovers`, or the state in which it stopped. */
  readonly end: string;
  /** From the removal of the fault to a message received, in milliseconds. */
  readonly aliveMs: number;
}

/** Our own deadline of each phase in these cases. */
const DEADLINE_MS = 1_200;
/** A connection on which nothing is due is found dead by its keep-alive: the libraries allow 5 s beyond the interval. */
const NOTICE_MS = 15_000;

/** Runs one cell on an emulator and a manager of its own. Rejects when the session hangs, or ends otherwise than it should. */
export async function runChaosCell(
  cell: ChaosCell,
  socketFactory: SocketFactoryOption,
): Promise<ChaosResult> {
  await using world = await EngineWorld.open({
    whatsapp: {
      socketFactory,
      connectTimeoutMs: DEADLINE_MS,
      loginTimeoutMs: DEADLINE_MS,
      keepAliveIntervalMs: 200,
      version: async () => undefined,
    },
  });
  const run = new Run(world, cell);
  try {
    return await run.all();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${world.story()}`, {
      cause: error,
    });
  }
}

class Run {
  readonly #world: EngineWorld;
  readonly #cell: ChaosCell;
  readonly #phone: VirtualPhone;
  readonly #friend: VirtualPhone;
  #id = "";

  constructor(world: EngineWorld, cell: ChaosCell) {
    this.#world = world;
    this.#cell = cell;
    this.#phone = world.phone("Owner");
    this.#friend = world.phone("Friend");
  }

  async all(): Promise<ChaosResult> {
    const { phase, end } = this.#cell;
    const world = this.#world;
    this.#id = await this.#arrived();
    const struck = this.#struck();
    const heal = this.#inject();
    if (phase === "handshake" || phase === "login") await this.#connect();
    if (phase === "linking") await this.#link();
    if (phase === "open") await this.#live();
    await struck;
    const rest = await this.#end();
    heal();
    const healed = performance.now();
    if (rest !== undefined && rest !== end) throw new Error(`it ended as ${rest}, not as ${end}`);
    if (rest === undefined && end !== "recovers")
      throw new Error(`it got over it, and should have ended as ${end}`);
    await this.#takeOn();
    await this.#hear(`alive ${randomInt(1e9)}`);
    const wrong = [...world.all("error"), ...world.all("store.error")];
    if (wrong.length > 0) throw new Error(JSON.stringify(wrong));
    return { end: rest ?? "recovers", aliveMs: Math.round(performance.now() - healed) };
  }

  /** The session at the beginning of the phase. */
  async #arrived(): Promise<string> {
    const { phase } = this.#cell;
    if (phase === "handshake") return this.#world.created();
    if (phase === "linking") return (await this.#world.connecting()).id;
    const { id } = await this.#world.linked("session", this.#phone);
    if (phase === "login") await this.#world.manager.disconnect(id);
    return id;
  }

  #inject(): () => void {
    const { emulator } = this.#world;
    const { rules = [], behaviour = {}, now } = this.#cell;
    const removals = rules.map((rule) => emulator.faults.add(rule));
    const before = { ...emulator.behaviour };
    Object.assign(emulator.behaviour, behaviour);
    if (now !== undefined) emulator.disconnect(this.#phone.jid, inputOf(now));
    return () => {
      for (const remove of removals) remove();
      Object.assign(emulator.behaviour, before);
    };
  }

  /** Settles when every rule has struck, or at once when there is none. */
  async #struck(): Promise<void> {
    const { rules = [] } = this.#cell;
    const times = rules.reduce((sum, rule) => sum + (rule.times ?? 1), 0);
    for (let count = 0; count < times; count += 1)
      await this.#world.emulator.waitFor("fault", () => true, { timeoutMs: NOTICE_MS });
  }

  async #connect(): Promise<void> {
    await this.#world.manager.connect(this.#id);
  }

  /** The phone learns of a broken link too; what counts is the session. */
  async #link(): Promise<void> {
    const { manager } = this.#world;
    if (this.#cell.by !== "code") {
      await this.#phone.scan(await this.#world.qr(this.#id), { timeoutMs: 2_000 }).catch(() => {});
      return;
    }
    const asked = manager.pair(this.#id, `+${this.#phone.phoneNumber}`);
    await asked
      .then(({ pairingCode }) => this.#phone.enterPairingCode(pairingCode, { timeoutMs: 2_000 }))
      .catch(() => {});
  }

  /** Messages go both ways, one of which the fault may hit. */
  async #live(): Promise<void> {
    const { manager } = this.#world;
    const { rules = [] } = this.#cell;
    if (rules.some(({ at }) => at === "message"))
      await (await manager.socket(this.#id)).sendMessage(this.#friend.jid, { text: "from the session" });
    if (rules.some(({ at }) => at === "delivery")) this.#friend.sendText(this.#phone, "to the session");
  }

  /** The state in which the session stopped; undefined if it is connecting or connected. */
  async #end(): Promise<string | undefined> {
    const [state, reason] = this.#cell.end.split(": ");
    if (reason === undefined || state === undefined) return undefined;
    const detail = await this.#world.state(this.#id, state, NOTICE_MS);
    return `${detail.state}: ${detail.reason ?? ""}`;
  }

  /** On from wherever it is to `connected`, as an operator would: connects if it rests, links if it asks for that. */
  async #takeOn(): Promise<void> {
    const ends = performance.now() + NOTICE_MS;
    let scanned: string | undefined;
    while (performance.now() < ends) {
      // Read each time: a restart replaces it.
      const { manager } = this.#world;
      const change = this.#change();
      const { status, detail } = await manager.getStatus(this.#id);
      const { qrCode } = await manager.getQRCode(this.#id);
      if (detail.state === "open" && (await this.#isLive())) return change.stop();
      if (status === "disconnected" || isHeld(detail)) await this.#again();
      else if (qrCode !== null && qrCode !== scanned) {
        scanned = qrCode;
        await this.#phone.scan(qrCode, { timeoutMs: 2_000 }).catch(() => {});
      }
      await change.happened;
    }
    throw new Error("it hangs");
  }

  async #again(): Promise<void> {
    const { manager } = this.#world;
    // The breaker waits minutes for the next probe; a new manager probes at once.
    if (isHeld((await manager.getStatus(this.#id)).detail)) await this.#world.restarted(this.#id);
    else await manager.connect(this.#id);
  }

  /** The connection that the session takes for open is one that the service knows. */
  async #isLive(): Promise<boolean> {
    return this.#phone.companions.some(({ active }) => active);
  }

  async #hear(text: string): Promise<void> {
    const heard = this.#world.next(
      "messages.upsert",
      ({ data }) => JSON.stringify(data).includes(text),
      NOTICE_MS,
    );
    this.#friend.sendText(this.#phone, text);
    // Without its end of offline traffic a library holds messages back until the connection ends.
    if (this.#cell.behaviour?.announceOffline === false) await this.#world.manager.restart(this.#id);
    await heard;
  }

  /** Settles at the next event, or a little later: a wait for what may have happened already. */
  #change(): { readonly happened: Promise<void>; stop(): void } {
    const { manager } = this.#world;
    let settle = (): void => {};
    const happened = new Promise<void>((resolve) => (settle = resolve));
    const timer = setTimeout(settle, 100);
    const stop = (): void => {
      clearTimeout(timer);
      manager.off("session.status", settle);
      manager.off("session.qr", settle);
    };
    manager.on("session.status", settle);
    manager.on("session.qr", settle);
    void happened.then(stop);
    return { happened, stop };
  }
}

/** The client version is refused and no newer one was found: the next probe is minutes away. */
function isHeld(detail: SessionDetail): boolean {
  if (detail.state !== "waiting" || detail.reason !== "client-outdated") return false;
  return Date.parse(detail.until) - Date.now() > NOTICE_MS;
}

function inputOf(action: FaultAction): DisconnectInput {
  return (typeof action === "string" ? { how: action } : action) as DisconnectInput;
}
