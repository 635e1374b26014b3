/** What a received message costs: one session, many, and many with a webhook. */
import { sharing, type Contestant, type Figures, type Row, type Size } from "../frame/row.js";
import { WhatsAppProcess } from "../whatsapp-process.js";
import { startReceiver } from "./receiver.js";
import { bareSessions, zpwootSessions, type Sessions, type SessionsSetUp } from "./session-contestants.js";

/** Of messages that are received or sent. */
export const MEASURES = {
  cpu: { title: "CPU per message", unit: "ms", digits: 3 },
  rate: { title: "messages/s", unit: "of the clock", digits: 0 },
} as const;

const FRIEND = "5511800000001";
const TEXT =
  "a message of about a hundred characters, as people write them to each other every day and night";

/** Sends so many messages to each session and waits until all have arrived. */
export function receive(
  whatsapp: WhatsAppProcess,
  each: number,
  pauseMs?: number,
): (sessions: Sessions) => Promise<Figures> {
  const pause = pauseMs === undefined ? {} : { pauseMs };
  return async ({ program, phones }) => {
    await program.call("begin");
    const taken = program.call<Figures>("received", phones.length * each);
    await whatsapp.send({ from: FRIEND, to: phones, each, text: TEXT, ...pause });
    return taken;
  };
}

async function setUp(
  sessions: number,
  each: number,
): Promise<SessionsSetUp & { readonly whatsapp: WhatsAppProcess }> {
  const whatsapp = await WhatsAppProcess.start();
  return { whatsapp, sessions, measure: receive(whatsapp, each) };
}

/** How many messages each session gets in a round. */
const each = (sessions: number, size: Size): number => Math.ceil((size === "whole" ? 2_000 : 600) / sessions);

/** One session: each message waits for the one before it. */
export const receiveOne: Row = {
  name: "receive-one",
  title: "Receive, one session; a unit is a message",
  measures: MEASURES,
  goals: [
    { measure: "cpu", contestant: "zpwoot memory", to: "bare memory", most: 1.15 },
    { measure: "cpu", contestant: "zpwoot lmdb", to: "bare memory", most: 1.2 },
    { measure: "cpu", contestant: "zpwoot lmdb", to: "bare files", most: 0.5, gate: false },
    { measure: "rate", contestant: "zpwoot lmdb", to: "bare files", least: 2 },
  ],
  open: async (size) => {
    const one = await setUp(1, each(1, size));
    const all: Contestant[] = [];
    all.push(await bareSessions("bare memory", "memory", one));
    if (size === "whole") all.push(await bareSessions("bare files", "files", one));
    all.push(await zpwootSessions("zpwoot memory", "memory", one));
    all.push(await zpwootSessions("zpwoot lmdb", "lmdb", one));
    return sharing(all, () => one.whatsapp[Symbol.asyncDispose]());
  },
};

const MANY = { whole: 200, gate: 20 } as const;

/** Many sessions at once. */
export const receiveMany: Row = {
  name: "receive-many",
  title: `Receive, ${MANY.whole} sessions; a unit is a message`,
  measures: MEASURES,
  goals: [
    { measure: "cpu", contestant: "zpwoot memory", to: "bare memory", most: 1.1, gate: false },
    { measure: "cpu", contestant: "zpwoot lmdb", to: "bare memory", most: 1.1 },
    { measure: "cpu", contestant: "zpwoot redis", to: "naive Keyv redis", most: 1, gate: false },
    { measure: "cpu", contestant: "zpwoot postgres", to: "naive Keyv postgres", most: 1, gate: false },
  ],
  open: async (size) => {
    const many = await setUp(MANY[size], each(MANY[size], size));
    const all: Contestant[] = [];
    all.push(await bareSessions("bare memory", "memory", many));
    if (size === "whole") {
      all.push(await bareSessions("naive Keyv redis", "redis", many));
      all.push(await bareSessions("naive Keyv postgres", "postgres", many));
      all.push(await zpwootSessions("zpwoot memory", "memory", many));
      all.push(await zpwootSessions("zpwoot redis", "redis", many));
      all.push(await zpwootSessions("zpwoot postgres", "postgres", many));
    }
    all.push(await zpwootSessions("zpwoot lmdb", "lmdb", many));
    return sharing(all, () => many.whatsapp[Symbol.asyncDispose]());
  },
};

/** Message by message, as they come on most days: nothing is shared between two of them. What the sizes in docs/performance.md are made of. */
export const receiveCalm: Row = {
  name: "receive-calm",
  title: "Receive, 50 sessions, about 100 messages a second in all; a unit is a message",
  measures: { cpu: MEASURES.cpu },
  goals: [],
  rounds: { whole: 5 },
  open: async () => {
    const whatsapp = await WhatsAppProcess.start();
    const calm = { whatsapp, sessions: 50, measure: receive(whatsapp, 6, 9) };
    const all = [
      await bareSessions("bare memory", "memory", calm),
      await zpwootSessions("zpwoot lmdb", "lmdb", calm),
    ];
    return sharing(all, () => whatsapp[Symbol.asyncDispose]());
  },
};

/** The same with a webhook, until its receiver has acknowledged the event. */
export const receiveWebhook: Row = {
  name: "receive-webhook",
  title: `Receive with a webhook on, delivered, ${MANY.whole} sessions; a unit is a message`,
  measures: MEASURES,
  goals: [{ measure: "cpu", contestant: "zpwoot lmdb, webhook", to: "zpwoot lmdb", above: 0.2 }],
  open: async (size) => {
    const many = await setUp(MANY[size], each(MANY[size], size));
    const receiver = await startReceiver();
    const without = await zpwootSessions("zpwoot lmdb", "lmdb", many);
    const on = await zpwootSessions("zpwoot lmdb, webhook", "lmdb", many, { webhook: receiver.url });
    return sharing([without, on], async () => {
      await many.whatsapp[Symbol.asyncDispose]();
      await receiver.end();
    });
  },
};
