/** Several processes on one store: one of them runs the sessions. */
import { describe, expect, it } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { rollingDeploy } from "../chaos/owners/deploy.js";
import { Child, type Fact } from "../support/child.js";
import { freezeBetweenWrites, lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";

const ENGINE = new URL("../support/engine-child.ts", import.meta.url);
/** On a machine that runs other tests as well. */
const WITHIN_MS = 40_000;

/** A store that several processes open. */
interface Place {
  readonly url: string;
  /** Of an embedded one. */
  readonly folder?: string;
  dispose(): Promise<void>;
}

const PLACES = [
  { name: "lmdb", open: lmdbFolder },
  { name: "Postgres", open: async () => postgresTable() },
  { name: "Redis", open: redisNamespace },
] as const;

/** One store with its phones, and the processes on it. Of its own for each case, so that cases run beside each other. */
class World implements AsyncDisposable {
  readonly children: Child[] = [];
  readonly phone: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly #emulator: WhatsAppEmulator;
  readonly #place: Place;

  private constructor(emulator: WhatsAppEmulator, place: Place) {
    this.#emulator = emulator;
    this.#place = place;
    this.phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    this.friend = emulator.addPhone({ phoneNumber: "5511999990002" });
  }

  static async open(open: () => Promise<Place>): Promise<World> {
    return new World(await WhatsAppEmulator.start(), await open());
  }

  start(mode = "start"): Child {
    const child = new Child(ENGINE, [this.#place.url, this.#emulator.url, mode]);
    this.children.push(child);
    return child;
  }

  /** The first process, with a linked session. */
  async linked(): Promise<Child> {
    const child = this.start("connect");
    await this.phone.scan(String((await child.fact((fact) => "qr" in fact, { timeoutMs: WITHIN_MS }))["qr"]));
    await connected(child);
    return child;
  }

  async talks(child: Child, word: string): Promise<void> {
    const from = child.facts.length;
    this.friend.sendText(this.phone, `in-${word}`);
    await child.fact(({ text }) => text === `in-${word}`, { from, timeoutMs: WITHIN_MS });
    child.send(`send ${this.friend.jid} out-${word}`);
    await this.friend.waitForMessage(({ text }) => text === `out-${word}`, { timeoutMs: WITHIN_MS });
  }

  async freeze(child: Child): Promise<void> {
    const { folder } = this.#place;
    if (folder === undefined) child.signal("SIGSTOP");
    else await freezeBetweenWrites(child, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.children.map((child) => child.end("SIGKILL")));
    await this.#emulator.stop();
    await this.#place.dispose();
  }
}

const connected = (child: Child): Promise<Fact> =>
  child.fact(({ status }) => status === "connected", { timeoutMs: WITHIN_MS });

describe.concurrent.each(PLACES)("two processes on $name", { timeout: 120_000 }, ({ open }) => {
  it("refuse the second in one sentence, the first notices nothing; after a kill -9 of it one begins at once, and both sides decrypt", async () => {
    await using world = await World.open(open);
    const first = await world.linked();
    const second = world.start();
    await second.ended(WITHIN_MS);
    expect(second.output).toMatch(/STORE_IN_USE|is in use by another zpwoot: process \d+ on .+, since/);
    await world.talks(first, "still");
    expect(first.facts.some(({ state }) => state === "conflict")).toBe(false);
    await first.end("SIGKILL");
    const third = world.start();
    await connected(third);
    expect(third.facts.filter((fact) => "waitsFor" in fact)).toEqual([]);
    await world.talks(third, "after");
  });

  it("hand over when the first stops, once and back again: every message arrives; and take over from one that was stopped for longer than its lease, which ends by itself when it wakes", async () => {
    await using world = await World.open(open);
    const first = await world.linked();
    await world.talks(first, "1");
    const second = world.start("wait");
    first.send("stop");
    await connected(second);
    for (const word of ["2", "3", "4"]) await world.talks(second, word);
    const third = world.start("wait");
    second.send("stop");
    await connected(third);
    for (const word of ["5", "6", "7", "8", "9"]) await world.talks(third, word);
    const conflicts = world.children
      .flatMap(({ facts }) => facts)
      .filter(({ state }) => state === "conflict");
    expect(conflicts).toEqual([]);
    const fourth = world.start("wait");
    await fourth.fact((fact) => "waiting" in fact, { timeoutMs: WITHIN_MS });
    await world.freeze(third);
    await connected(fourth);
    expect(fourth.facts).toContainEqual({ waitsFor: "the owner" });
    third.signal("SIGCONT");
    const isLoss = ({ error }: Fact): boolean =>
      typeof error === "string" && error.includes("was taken over");
    await third.fact(isLoss, { timeoutMs: WITHIN_MS });
    await world.talks(fourth, "after");
  });
});

describe.concurrent("zpwoot serve --wait", { timeout: 120_000 }, () => {
  it("replaces a server on the same port: no message is lost, no 440, and the session is back within seconds", async () => {
    const place = await lmdbFolder();
    try {
      const { sent, lost, gaps, exitCodes, problems } = await rollingDeploy(place.url, {
        sessions: 2,
        rolls: 1,
      });
      expect({ lost, exitCodes, problems }).toEqual({ lost: [], exitCodes: [0], problems: [] });
      expect(sent).toBeGreaterThan(20);
      expect(gaps).toHaveLength(2);
      // About one second on a machine that does nothing else: npm run chaos:owners -- --only deploy.
      expect(Math.max(...gaps)).toBeLessThan(15_000);
    } finally {
      await place.dispose();
    }
  });
});
