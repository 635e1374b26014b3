/** One row of the table: a session is linked, opened, used and stopped while something around it is wrong. */
import type { Fault, Place } from "./faults.js";
import type { Act, Ended, Held, Pings } from "./protocol.js";
import { photoMessage } from "./world.js";

/** The columns. */
export const PHASES = ["link", "open", "send", "receive", "stop"] as const;
export type Phase = (typeof PHASES)[number];

/** What came of a cell. */
export interface Cell {
  readonly phase: Phase;
  readonly pings: Pings | undefined;
  readonly ended: readonly Ended[];
  /** What should not have been; empty for a cell as it should be. */
  readonly wrong: readonly string[];
}

/** How much is asked of the neighbours in each cell, at least. */
export interface RowBounds {
  readonly pings: number;
  /** What the median of the neighbours was without a fault, by phase. */
  readonly control: ReadonlyMap<Phase, number>;
  /** Medians below this are noise of the machine, in milliseconds. */
  readonly noiseMs: number;
}

/**
 * The longest that each action may take, in milliseconds: docs/concepts.md, docs/proxies.md and docs/stores.md have the promises. What a message
 * writes to a store that is full is tried for 30 s.
 */
const LIMITS: Readonly<Record<Act, number>> = {
  connect: 13_000,
  restart: 13_000,
  status: 6_000,
  "send text": 35_000,
  // A library tries a media host once more.
  "send file": 62_000,
  download: 27_000,
  "set proxy": 13_000,
  stop: 5_000,
};
const BACK_MS = 20_000;
const GONE_MS = 6_000;

/** Runs all phases of a row. The process may have ended afterwards. */
export async function runRow(place: Place, fault: Fault, bounds: RowBounds): Promise<Cell[]> {
  const row = new RowRun(place, fault, bounds);
  try {
    await row.open();
  } catch (error) {
    return [{ phase: "link", pings: undefined, ended: [], wrong: [String(error)] }];
  }
  const cells: Cell[] = [];
  for (const phase of PHASES) {
    const cell = await row.run(phase);
    cells.push(cell);
    if (!place.engine.running) break;
  }
  return cells;
}

class RowRun {
  readonly #place: Place;
  readonly #fault: Fault;
  readonly #bounds: RowBounds;
  #before: Held = { sockets: 0, files: 0 };
  #healthy: Held = { sockets: 0, files: 0 };
  #count = 0;

  constructor(place: Place, fault: Fault, bounds: RowBounds) {
    this.#place = place;
    this.#fault = fault;
    this.#bounds = bounds;
  }

  async open(): Promise<void> {
    const { world, engine } = this.#place;
    world.forgetPhones();
    this.#before = await engine.call("held");
    const options = { store: "memory:", proxy: null, webhook: undefined, ...this.#fault.options?.(world) };
    await engine.call("row", options);
  }

  async run(phase: Phase): Promise<Cell> {
    const wrong: string[] = [];
    const ended: Ended[] = [];
    let pings: Pings | undefined;
    try {
      const { engine } = this.#place;
      await engine.call("measure", phase !== "stop" && this.#fault.breaks !== "both");
      await this.#fault.begin(this.#place);
      ended.push(...(await this.#act(phase)));
      pings = await engine.call("measured", this.#bounds.pings);
      await this.#fault.end(this.#place);
      await this.#recover(phase);
      wrong.push(...(await this.#leftOver(phase)));
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
      await this.#fault.end(this.#place).catch(() => {});
    }
    wrong.push(...this.#judge(phase, ended, pings));
    return { phase, pings, ended, wrong };
  }

  async #act(phase: Phase): Promise<Ended[]> {
    const { world } = this.#place;
    const { also } = this.#fault;
    const text = this.#text();
    const ended = [await this.#do("status")];
    if (also !== undefined && phase !== "stop") ended.push(await this.#do(also.what, also.argument(world)));
    if (phase === "link") ended.push(await this.#do("connect"));
    if (phase === "open") ended.push(await this.#do("restart"));
    if (phase === "send") {
      ended.push(await this.#do("send text", `${world.friend.jid} ${text}`));
      ended.push(await this.#do("send file", `${world.friend.jid} x`));
    }
    if (phase === "receive") {
      world.friend.sendText(world.phone("victim"), text);
      ended.push(await this.#do("download", photoMessage(world.gates.download.port)));
    }
    if (phase === "stop") ended.push(await this.#do("stop"));
    return ended;
  }

  /** Everything works again: so does the session. */
  async #recover(phase: Phase): Promise<void> {
    const { world, engine } = this.#place;
    if (phase === "stop") return;
    // An unlinked session does not try again by itself.
    if (phase === "link") await this.#do("connect");
    await engine.call("connected", "victim", BACK_MS);
    await engine.call("connected", "sibling", BACK_MS);
    if (phase === "link") this.#healthy = await engine.call("held");
    if (phase === "receive") await engine.call("heard", this.#text(), BACK_MS);
    if (phase !== "send") return;
    this.#count += 1;
    const arrives = world.friend.waitForMessage(({ text }) => text === this.#text());
    const sent = await this.#do("send text", `${world.friend.jid} ${this.#text()}`);
    if (sent.code !== "ok") throw new Error(`could not send afterwards: ${sent.code}`);
    await arrives;
  }

  /** Sockets and files go within a moment; more than before are left. */
  async #leftOver(phase: Phase): Promise<string[]> {
    const allowed = phase === "stop" ? this.#before : this.#healthy;
    const signal = AbortSignal.timeout(GONE_MS);
    for (;;) {
      const { sockets, files } = await this.#place.engine.call("held");
      const left = [
        ...(sockets > allowed.sockets ? [`${sockets - allowed.sockets} sockets are left`] : []),
        ...(files > allowed.files ? [`${files - allowed.files} files are left`] : []),
      ];
      if (left.length === 0 || signal.aborted) return left;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #judge(phase: Phase, ended: readonly Ended[], pings: Pings | undefined): string[] {
    const { also, name } = this.#fault;
    const control = this.#bounds.control.get(phase);
    const wrong = ended
      .filter(({ code }) => code === "HUNG")
      .map(({ what, limitMs }) => `${what} hung for ${limitMs} ms`);
    if (name === "nothing")
      wrong.push(...ended.filter(({ code }) => code !== "ok").map(({ what, code }) => `${what}: ${code}`));
    if (also !== undefined)
      wrong.push(
        ...ended
          .filter(({ what, code }) => what === also.what && code !== also.code)
          .map(({ what, code }) => `${what}: ${code} instead of ${also.code}`),
      );
    if (
      pings !== undefined &&
      control !== undefined &&
      pings.medianMs > Math.max(2 * control, this.#bounds.noiseMs)
    )
      wrong.push(
        `neighbours are answered in ${pings.medianMs.toFixed(1)} ms, without the fault in ${control.toFixed(1)} ms`,
      );
    return wrong;
  }

  #do(what: Act, argument = ""): Promise<Ended> {
    return this.#place.engine.call("act", "victim", what, LIMITS[what], argument);
  }

  #text(): string {
    return `text-${this.#fault.name.replaceAll(" ", "-")}-${this.#count}`;
  }
}
