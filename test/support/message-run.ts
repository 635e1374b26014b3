/**
 * Messages to a process that is killed at random moments while it receives them: what the service saw acknowledged has to arrive at the
 * webhook, in order, under one event id.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import type { WebhookPayload } from "../../src/events/payload.js";
import { Receiver } from "../webhooks/receiver.js";
import { Child } from "./child.js";
import type { MessageChildOptions } from "./message-child.js";

const SCRIPT = new URL("./message-child.ts", import.meta.url);
const SENDERS = 4;
/** About as long as the process takes for a message: kills come at any moment of a round, and some after it. */
const MS_PER_MESSAGE = 4;
const SOON_MS = 40;
/** Nothing happens for so long only when nothing happens any more. */
const STUCK_MS = 60_000;
/** A process on a busy machine takes its time to start, and Baileys 7 uploads 800 keys. */
const START_MS = 60_000;
/** An event that is refused more often than others becomes a failed delivery. */
const MAX_REFUSALS = 3;
/** The queue of an endpoint holds 10,000: a slow machine must not fill it. */
const MAX_QUEUED = 5_000;

/** What is to be done. */
export interface MessageRun {
  readonly store: string;
  readonly library: string;
  /** `burst`: messages to a connected session. `offline`: messages that wait for it when it starts. */
  readonly kind: "burst" | "offline";
  /** Messages of each round. */
  readonly count: number;
  /** Rounds; in each the process is killed once. */
  readonly kills: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** The share of requests that the receiver refuses. */
  readonly refused: number;
  /** Whether events go to a second endpoint and to a stored log, too. Default false. */
  readonly everywhere?: boolean;
}

/** What came of it. */
export interface MessageFigures {
  readonly sent: number;
  /** Messages that the service saw acknowledged when the process was killed, of the round of the kill. */
  readonly acknowledged: readonly number[];
  /** Acknowledged, and not at the webhook in the end. */
  readonly lost: readonly string[];
  /** Neither. */
  readonly missing: readonly string[];
  readonly outOfOrder: readonly string[];
  /** At one place or another under two event ids. */
  readonly doubled: readonly string[];
  /** What the process reported beside. */
  readonly odd: readonly string[];
}

/** What came to one place. */
class Judge {
  readonly delivered = new Set<string>();
  readonly outOfOrder: string[] = [];
  readonly #eventIds: Map<string, Set<string>>;
  readonly #known = new Set<string>();
  readonly #last = new Map<string, number>();

  /** `eventIds`: of each message, at all places. */
  constructor(eventIds: Map<string, Set<string>>) {
    this.#eventIds = eventIds;
  }

  /** An event that is acknowledged or refused. */
  take(event: Pick<WebhookPayload, "id" | "data">, isAcknowledged: boolean): void {
    const { messages = [] } = event.data as { readonly messages?: readonly ReceivedMessage[] };
    for (const { message } of messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text;
      if (text == null) continue;
      const [sender = "", number = ""] = text.split(" ");
      const isNew = !this.#known.has(text);
      if (isNew && Number(number) < (this.#last.get(sender) ?? -1)) this.outOfOrder.push(text);
      if (isNew) this.#last.set(sender, Number(number));
      this.#known.add(text);
      this.#eventIds.set(text, (this.#eventIds.get(text) ?? new Set()).add(event.id));
      if (isAcknowledged) this.delivered.add(text);
    }
  }
}

/** What came to all places. */
class Judges {
  readonly #eventIds = new Map<string, Set<string>>();
  readonly first = new Judge(this.#eventIds);
  readonly second = new Judge(this.#eventIds);
  readonly log = new Judge(this.#eventIds);
  readonly all: readonly Judge[];

  constructor(everywhere: boolean) {
    this.all = everywhere ? [this.first, this.second, this.log] : [this.first];
  }

  /** How many of the messages are not delivered everywhere. */
  left(sent: readonly string[]): number {
    return Math.max(...this.all.map(({ delivered }) => sent.length - delivered.size));
  }

  /** What is at one of the places and what is not. */
  undelivered(sent: readonly string[]): readonly string[] {
    return sent.filter((text) => this.all.some(({ delivered }) => !delivered.has(text)));
  }

  get doubled(): readonly string[] {
    return [...this.#eventIds].filter(([, ids]) => ids.size > 1).map(([text]) => text);
  }
}

interface ReceivedMessage {
  readonly message?: {
    readonly conversation?: string | null;
    readonly extendedTextMessage?: { readonly text?: string | null } | null;
  } | null;
}

/** Does it. Rejects when the process ends by itself, or does not connect. */
export async function runMessages(run: MessageRun): Promise<MessageFigures> {
  const emulator = await WhatsAppEmulator.start();
  await using receiver = await Receiver.start();
  await using second = await Receiver.start();
  const { everywhere = false } = run;
  const judges = new Judges(everywhere);
  receiver.answer = flaky(judges.first, run);
  second.answer = flaky(judges.second, run);
  const acknowledged = new Set<string>();
  const textOf = new Map<string, string>();
  const onAcknowledged = (ids: readonly string[]): void => {
    for (const id of ids) {
      const text = textOf.get(id);
      if (text !== undefined) acknowledged.add(text);
    }
  };
  // Of the linked device: the phone acknowledges what it has received, too.
  emulator.on("receipt", ({ ids, type, from }) => {
    if (type !== "retry" && from.includes(":")) onAcknowledged(ids);
  });
  emulator.on("ack", ({ id, class: kind }) => {
    if (kind === "message") onAcknowledged([id]);
  });
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const friends = Array.from({ length: SENDERS }, (_, index) =>
    emulator.addPhone({ phoneNumber: `551199999010${index}` }),
  );
  const odd: string[] = [];
  const options: MessageChildOptions = everywhere ? { second: second.url, durable: true } : {};
  const start = (): Child => {
    const args = [run.store, emulator.url, run.library, receiver.url, JSON.stringify(options)];
    const started = new Child(SCRIPT, args);
    started.onFact = ({ logged }) => {
      if (logged !== undefined) judges.log.take(logged as WebhookPayload, true);
    };
    return started;
  };
  let child = start();
  const sent: string[] = [];
  /** Waits until so many are not delivered, for as long as some are. */
  const delivered = async (left: number): Promise<void> => {
    await whileItGoesOn(
      () => judges.left(sent),
      (missing) => missing <= left || child.exited,
    ).catch(() => {});
  };
  try {
    const { qr } = await child.fact((fact) => "qr" in fact, { timeoutMs: START_MS });
    await phone.scan(String(qr));
    await connected(child);
    const counts: number[] = [];
    const send = (): void => {
      for (let n = 0; n < run.count; n += 1) {
        const index = n % SENDERS;
        const text = `s${index} ${sent.length}`;
        sent.push(text);
        const { id } = (friends[index] as VirtualPhone).sendText(phone, text);
        textOf.set(id, text);
      }
    };
    for (let round = 0; round < run.kills; round += 1) {
      const before = acknowledged.size;
      if (run.kind === "burst") send();
      else {
        await child.end("SIGKILL");
        send();
        const active = emulator.waitFor("active", ({ offlineCount }) => offlineCount > 0, {
          timeoutMs: START_MS,
        });
        child = start();
        await active;
      }
      // Half of them soon after the first acknowledgement, which others come with in one packet.
      if (round % 2 === 0) await until(() => acknowledged.size > before || child.exited, START_MS);
      await sleep(run.random() * (round % 2 === 0 ? SOON_MS : run.count * MS_PER_MESSAGE));
      await child.end("SIGKILL");
      counts.push(acknowledged.size - before);
      odd.push(...oddFacts(child));
      child = start();
      await connected(child);
      // Baileys 7 lets a message that comes while it catches up overtake those that came before.
      await whileItGoesOn(
        () => sent.length - acknowledged.size,
        (missing) => missing === 0 || child.exited,
      );
      await delivered(MAX_QUEUED);
    }
    await delivered(0);
    odd.push(...oddFacts(child));
    const undelivered = judges.undelivered(sent);
    return {
      sent: sent.length,
      acknowledged: counts,
      lost: undelivered.filter((text) => acknowledged.has(text)),
      missing: undelivered.filter((text) => !acknowledged.has(text)),
      outOfOrder: judges.all.flatMap(({ outOfOrder }) => outOfOrder),
      doubled: judges.doubled,
      odd,
    };
  } finally {
    await child.end("SIGKILL");
    await emulator.stop();
  }
}

/** Answers that refuse some requests at random. */
function flaky(judge: Judge, run: MessageRun): Receiver["answer"] {
  const refusals = new Map<string, number>();
  return ({ json }) => {
    const refused = refusals.get(json.id) ?? 0;
    const isAcknowledged = refused >= MAX_REFUSALS || run.random() >= run.refused;
    if (!isAcknowledged) refusals.set(json.id, refused + 1);
    judge.take(json, isAcknowledged);
    return isAcknowledged ? 204 : 500;
  };
}

function connected(child: Child): Promise<unknown> {
  return child.fact(({ status }) => status === "connected", { timeoutMs: START_MS });
}

function oddFacts(child: Child): string[] {
  return child.facts.flatMap(({ error, refused }) =>
    [error, refused].filter((one) => typeof one === "string"),
  );
}

/**
 * Waits until a figure passes, for as long as it becomes smaller: a busy machine takes its time. Rejects when nothing has changed for a
 * minute.
 */
async function whileItGoesOn(figure: () => number, passes: (figure: number) => boolean): Promise<void> {
  for (let before = figure(); ; before = figure()) {
    const outcome = await until(() => passes(figure()), STUCK_MS).then(
      () => "passed",
      () => "waiting",
    );
    if (outcome === "passed") return;
    if (figure() >= before) throw new Error(`${before} are missing, and none came within ${STUCK_MS} ms`);
  }
}

/** Looks often, since the moment counts. */
async function until(passes: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!passes()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
