/** What two built checkouts are compared by: messages that are received and sent, on each store. */
import { sharing, type Figures, type Goal, type Row } from "../frame/row.js";
import type { PlaceKind } from "../places.js";
import type { SendsWith } from "../programs/manager-sessions.js";
import { MEASURES, receive } from "../rows/receive.js";
import { startReceiver } from "../rows/receiver.js";
import { FRIEND } from "../rows/send.js";
import { checkoutSessions, type CheckoutSessions, type Sessions } from "../rows/session-contestants.js";
import { operate, WhatsAppProcess } from "../whatsapp-process.js";

/** The two contestants. */
export const BEFORE = "before";
export const AFTER = "after";

/** Where the two are built. */
export interface Folders {
  readonly before: string;
  readonly after: string;
}

const STORES = ["lmdb", "postgres", "redis"] as const satisfies readonly PlaceKind[];

/** Messages of a round. */
const RECEIVED = { whole: 2_000, gate: 600 } as const;
const SENT = { whole: 1_000, gate: 200 } as const;

/** So many times the messages of one session a second that the gate on the wire had to bring (docs/decisions/0014-the-gate.md). */
const RECEIVE_ONE = 1.5;

/** All rows, in the order in which they run and are printed. */
export function rowsAgainst(folders: Folders): readonly Row[] {
  const receives = [1, 50, 200].flatMap((sessions) =>
    STORES.flatMap((store) =>
      [false, true].map((webhook) => receiveRow(folders, { sessions, store, webhook })),
    ),
  );
  const sends = [1, 50].flatMap((sessions) =>
    STORES.map((store) => sendRow(folders, { sessions, store, sendsWith: "socket" })),
  );
  const acknowledged = STORES.map((store) => sendRow(folders, { sessions: 1, store, sendsWith: "manager" }));
  return [...receives, ...sends, ...acknowledged];
}

const goalsOf = (least?: number): readonly Goal[] => [
  {
    ...{ measure: "rate", contestant: AFTER, to: BEFORE },
    ...(least === undefined ? {} : { least }),
  },
  { measure: "cpu", contestant: AFTER, to: BEFORE },
];

const many = (sessions: number): string => (sessions === 1 ? "one session" : `${sessions} sessions`);

interface Receiving {
  readonly sessions: number;
  readonly store: PlaceKind;
  readonly webhook: boolean;
}

function receiveRow(folders: Folders, { sessions, store, webhook }: Receiving): Row {
  return {
    name: `receive-${sessions}-${store}${webhook ? "-webhook" : ""}`,
    title: `receive, ${many(sessions)}, ${store}${webhook ? ", webhook" : ""}`,
    measures: MEASURES,
    goals: goalsOf(sessions === 1 ? RECEIVE_ONE : 1),
    open: async (size) => {
      const whatsapp = await WhatsAppProcess.start();
      const receiver = webhook ? await startReceiver() : undefined;
      const measure = receive(whatsapp, Math.ceil(RECEIVED[size] / sessions));
      const own = { store, sendsWith: "socket", webhook: receiver?.url } as const;
      const all = await contestants({ before: own, after: own }, folders, { whatsapp, sessions, measure });
      return sharing(all, async () => {
        await whatsapp[Symbol.asyncDispose]();
        await receiver?.end();
      });
    },
  };
}

interface Sending {
  readonly sessions: number;
  readonly store: PlaceKind;
  /** Of the newer one: an older one has no call of the manager's. */
  readonly sendsWith: SendsWith;
}

function sendRow(folders: Folders, { sessions, store, sendsWith }: Sending): Row {
  const bySocket = sendsWith === "socket";
  return {
    name: `${bySocket ? "send" : "send-acknowledged"}-${sessions}-${store}`,
    title: bySocket
      ? `send, ${many(sessions)}, ${store}`
      : `send, ${many(sessions)}, ${store}: \`manager.sendMessage\` to the socket's before`,
    measures: MEASURES,
    goals: goalsOf(bySocket ? 1 : undefined),
    open: async (size) => {
      const whatsapp = await WhatsAppProcess.start();
      await operate(whatsapp.url, "phones", { phoneNumber: FRIEND });
      const each = Math.ceil(SENT[size] / sessions);
      const measure = ({ program }: Sessions): Promise<Figures> =>
        program.call("send", { sessions, each, to: FRIEND });
      const own = { before: { store, sendsWith: "socket" }, after: { store, sendsWith } } as const;
      const all = await contestants(own, folders, { whatsapp, sessions, measure });
      return sharing(all, () => whatsapp[Symbol.asyncDispose]());
    },
  };
}

async function contestants(
  own: Readonly<Record<keyof Folders, Omit<CheckoutSessions, "folder">>>,
  folders: Folders,
  setUp: Parameters<typeof checkoutSessions>[2],
): ReturnType<Row["open"]> {
  return [
    await checkoutSessions(BEFORE, { ...own.before, folder: folders.before }, setUp),
    await checkoutSessions(AFTER, { ...own.after, folder: folders.after }, setUp),
  ];
}
