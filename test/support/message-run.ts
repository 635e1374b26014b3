/**
 * Messages to a process that is killed at random moments while it receives them: what the service saw acknowledged has to arrive at the
 * webhook, in order, under one event id.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Receiver, type Received } from "../webhooks/receiver.js";
import { Child } from "./child.js";

const SCRIPT = new URL("./message-child.ts", import.meta.url);
const SENDERS = 4;
/** About as long as the process takes for a message: kills come at any moment of a round, and some after it. */
const MS_PER_MESSAGE = 4;
const SOON_MS = 40;
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
  /** At the webhook under two event ids. */
  readonly doubled: readonly string[];
  /** What the process reported beside. */
  readonly odd: readonly string[];
}

/** What came to the webhook. */
class Judge {
  readonly delivered = new Set<string>();
  readonly outOfOrder: string[] = [];
  readonly #eventIds = new Map<string, Set<string>>();
  readonly #last = new Map<string, number>();

  /** A request that is acknowledged or refused. */
  take({ json }: Received, isAcknowledged: boolean): void {
    const { messages = [] } = json.data as { readonly messages?: readonly ReceivedMessage[] };
    for (const { message } of messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text;
      if (text == null) continue;
      const [sender = "", number = ""] = text.split(" ");
      const isNew = !this.#eventIds.has(text);
      if (isNew && Number(number) < (this.#last.get(sender) ?? -1)) this.outOfOrder.push(text);
      if (isNew) this.#last.set(sender, Number(number));
      this.#eventIds.set(text, (this.#eventIds.get(text) ?? new Set()).add(json.id));
      if (isAcknowledged) this.delivered.add(text);
    }
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
  const judge = new Judge();
  const refusals = new Map<string, number>();
  receiver.answer = (request) => {
    const { id } = request.json;
    const refused = refusals.get(id) ?? 0;
    const isAcknowledged = refused >= MAX_REFUSALS || run.random() >= run.refused;
    if (!isAcknowledged) refusals.set(id, refused + 1);
    judge.take(request, isAcknowledged);
    return isAcknowledged ? 204 : 500;
  };
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
  const start = (): Child => new Child(SCRIPT, [run.store, emulator.url, run.library, receiver.url]);
  let child = start();
  const sent: string[] = [];
  /** Waits until so many are not delivered, for as long as some are. */
  const delivered = async (left: number): Promise<void> => {
    for (let before = -1; before < judge.delivered.size;) {
      before = judge.delivered.size;
      const isDone = (): boolean => sent.length - judge.delivered.size <= left || child.exited;
      if (
        await until(isDone, 30_000).then(
          () => true,
          () => false,
        )
      )
        return;
    }
  };
  try {
    const { qr } = await child.fact((fact) => "qr" in fact);
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
          timeoutMs: 30_000,
        });
        child = start();
        await active;
      }
      // Half of them soon after the first acknowledgement, which others come with in one packet.
      if (round % 2 === 0) await until(() => acknowledged.size > before || child.exited, 30_000);
      await sleep(run.random() * (round % 2 === 0 ? SOON_MS : run.count * MS_PER_MESSAGE));
      await child.end("SIGKILL");
      counts.push(acknowledged.size - before);
      odd.push(...oddFacts(child));
      child = start();
      await connected(child);
      // Baileys 7 lets a message that comes while it catches up overtake those that came before.
      await until(() => acknowledged.size === sent.length || child.exited, 60_000);
      await delivered(MAX_QUEUED);
    }
    await delivered(0);
    odd.push(...oddFacts(child));
    const undelivered = sent.filter((text) => !judge.delivered.has(text));
    return {
      sent: sent.length,
      acknowledged: counts,
      lost: undelivered.filter((text) => acknowledged.has(text)),
      missing: undelivered.filter((text) => !acknowledged.has(text)),
      outOfOrder: judge.outOfOrder,
      doubled: judge.doubled,
      odd,
    };
  } finally {
    await child.end("SIGKILL");
    await emulator.stop();
  }
}

function connected(child: Child): Promise<unknown> {
  return child.fact(({ status }) => status === "connected", { timeoutMs: 30_000 });
}

function oddFacts(child: Child): string[] {
  return child.facts.flatMap(({ error, refused }) =>
    [error, refused].filter((one) => typeof one === "string"),
  );
}

/** Looks often, since the moment counts. */
async function until(passes: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!passes()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
