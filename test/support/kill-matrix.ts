/** `kill -9` of a process that runs a session, at a random moment of what it is doing, and a look at what came back. */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child } from "./child.js";
import { seeded } from "./random.js";

const SCRIPT = new URL("./engine-child.ts", import.meta.url);

/** Where the session lives. */
export interface KillPlace {
  readonly url: string;
  rawKeys(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

/** What the process is doing when it is killed. */
export const KILL_SCENARIOS = ["pairing", "receiving", "sending", "logging out", "deleting"] as const;

/** One of them. */
export type KillScenario = (typeof KILL_SCENARIOS)[number];

/** Messages that are on their way when a receiver is killed. */
const MESSAGES = 500;
/** How long each of these takes on the machines this runs on, about, in milliseconds: moments are chosen within it. */
const LASTS_MS = { pairing: 80, receiving: 1_500, sending: 800, "logging out": 40, deleting: 40 } as const;

/** What came of a cell of the matrix. */
export interface KillResult {
  readonly kills: number;
  /** Times from the start of the process to `connected` again, in milliseconds. */
  readonly recoveredMs: readonly number[];
  /** What else there is to say. */
  readonly note: string;
}

/** Runs a scenario so many times. Rejects, with the seed, at the first time that something was lost. */
export async function killCell(
  scenario: KillScenario,
  newPlace: () => Promise<KillPlace>,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<KillResult> {
  const emulator = await WhatsAppEmulator.start();
  const bench = new KillBench(emulator, seeded(seed), LASTS_MS[scenario]);
  let round = 0;
  try {
    if (scenario === "receiving" || scenario === "sending") {
      const place = await newPlace();
      await bench.link(place);
      for (; round < rounds; round += 1) await bench[scenario](place);
      await bench.end(place);
    }
    for (; round < rounds; round += 1) {
      const place = await newPlace();
      if (scenario === "pairing") await bench.pairing(place);
      else if (scenario === "logging out") await bench.loggingOut(place);
      else await bench.deleting(place);
      await bench.end(place);
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`${scenario}, seed ${seed}, round ${round}: ${text}\n${bench.story()}`, { cause: error });
  } finally {
    await bench.killAll();
    await emulator.stop();
  }
  return { kills: rounds, recoveredMs: bench.recoveredMs, note: bench.note };
}

/** The phones, the process and what is known of it. */
class KillBench {
  readonly recoveredMs: number[] = [];
  readonly #emulator: WhatsAppEmulator;
  readonly #random: () => number;
  readonly #lastsMs: number;
  readonly #phone: VirtualPhone;
  readonly #friend: VirtualPhone;
  readonly #children: Child[] = [];
  readonly #sent: string[] = [];
  readonly #reported = new Set<unknown>();
  #words = 0;
  #outcomes = new Map<string, number>();

  constructor(emulator: WhatsAppEmulator, random: () => number, lastsMs: number) {
    this.#emulator = emulator;
    this.#random = random;
    this.#lastsMs = lastsMs;
    this.#phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    this.#friend = emulator.addPhone({ phoneNumber: "5511999990002" });
  }

  get note(): string {
    for (const child of this.#children) for (const { text } of child.facts) this.#reported.add(text);
    const unreported = this.#sent.filter((text) => !this.#reported.has(text)).length;
    const outcomes = [...this.#outcomes].map(([outcome, times]) => `${times} ${outcome}`);
    if (this.#sent.length > 0) outcomes.push(`${unreported} of ${this.#sent.length} messages never reported`);
    return outcomes.join(", ");
  }

  async pairing(place: KillPlace): Promise<void> {
    const child = this.#start(place, "connect");
    const scan = this.#phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"])).catch(() => {});
    await this.#killSoon(child);
    await scan;
    const again = this.#start(place, "connect");
    if (this.#linked) await this.#back(again);
    else await again.fact((fact) => "qr" in fact || fact["status"] === "connected");
    this.#count(this.#linked ? "linked" : "not linked yet");
  }

  async receiving(place: KillPlace): Promise<void> {
    for (let n = 0; n < MESSAGES; n += 1) {
      this.#sent.push(`message ${this.#sent.length}`);
      this.#friend.sendText(this.#phone, this.#sent.at(-1) ?? "");
    }
    await this.#killSoon(this.#child);
    await this.#back(this.#start(place));
  }

  async sending(place: KillPlace): Promise<void> {
    this.#child.send(`flood ${this.#friend.jid} ${MESSAGES}`);
    await this.#killSoon(this.#child);
    await this.#back(this.#start(place));
  }

  async loggingOut(place: KillPlace): Promise<void> {
    await this.link(place);
    this.#child.send("logout");
    await this.#child.fact((fact) => "loggingOut" in fact);
    await this.#killSoon(this.#child);
    const again = this.#start(place, "connect");
    if (this.#linked) await this.#back(again);
    else {
      const rest = ({ state }: { readonly state?: unknown }): boolean => state === "loggedOut";
      const fact = await again.fact((one) => "qr" in one || rest(one));
      // The kill came between the unlink and the wipe: WhatsApp itself says so at the next login.
      if (rest(fact)) again.send("connect");
      await again.fact((one) => "qr" in one);
    }
    this.#count(this.#linked ? "still linked" : "logged out");
  }

  async deleting(place: KillPlace): Promise<void> {
    await this.link(place);
    const { id } = await this.#child.fact((fact) => "id" in fact);
    this.#child.send("delete");
    await this.#child.fact((fact) => "deleting" in fact);
    await this.#killSoon(this.#child);
    const again = this.#start(place);
    // It makes another session when there is none.
    const stays = (await again.fact((fact) => "id" in fact))["id"] === id;
    if (stays && this.#linked) await this.#back(again);
    else if (stays) await again.fact(({ state }) => state === "loggedOut");
    await again.end("SIGKILL");
    const left = (await place.rawKeys()).filter((key) => key.includes(String(id)));
    if (!stays && left.length > 0) throw new Error(`the deleted session left ${left.join(", ")}`);
    this.#count(stays ? "still there" : "gone");
  }

  /** Links the session of a place, and sees that it can talk. */
  async link(place: KillPlace): Promise<void> {
    const child = this.#start(place, "connect");
    await this.#phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
    await child.fact(({ status }) => status === "connected");
    await this.#talk(child);
  }

  async end(place: KillPlace): Promise<void> {
    await this.killAll();
    this.#phone.unlink();
    await place.dispose();
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end("SIGKILL")));
  }

  story(): string {
    const outputs = this.#children.slice(-2).map(({ output }) => output.split("\n").slice(-15).join("\n"));
    return [...outputs, this.#emulator.transcript().split("\n").slice(-15).join("\n")].join("\n---\n");
  }

  get #linked(): boolean {
    return this.#phone.companions.length > 0;
  }

  get #child(): Child {
    const child = this.#children.at(-1);
    if (child === undefined) throw new Error("no process was started");
    return child;
  }

  #start({ url }: KillPlace, mode = "start"): Child {
    const child = new Child(SCRIPT, [url, this.#emulator.url, mode]);
    this.#children.push(child);
    return child;
  }

  async #killSoon(child: Child): Promise<void> {
    await sleep(this.#random() * this.#lastsMs);
    await child.end("SIGKILL");
  }

  /** Connected again without a QR code, and both sides still have the same keys. */
  async #back(child: Child): Promise<void> {
    const begun = performance.now();
    await child.fact(({ status }) => status === "connected");
    this.recoveredMs.push(performance.now() - begun);
    if (child.facts.some((fact) => "qr" in fact)) throw new Error("a QR code was needed");
    await this.#talk(child);
    const wrong = child.facts.find((fact) => "error" in fact || "failed" in fact);
    if (wrong !== undefined) throw new Error(JSON.stringify(wrong));
  }

  async #talk(child: Child): Promise<void> {
    const word = `word ${(this.#words += 1)}`;
    this.#friend.sendText(this.#phone, word);
    // Behind what was queued while the process was down.
    await child.fact(({ text }) => text === word, { timeoutMs: 30_000 });
    child.send(`send ${this.#friend.jid} back-${this.#words}`);
    await this.#friend.waitForMessage(({ text }) => text === `back-${this.#words}`, { timeoutMs: 10_000 });
  }

  #count(outcome: string): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }
}
