/** Contestants with linked sessions: a bare whaileys or zpwoot, over a place of their own. */
import { barePlaceFor, placeFor, type PlaceKind } from "../places.js";
import { Program } from "../frame/program.js";
import type { Contestant, Figures } from "../frame/row.js";
import type { SendsWith } from "../programs/manager-sessions.js";
import type { WhatsAppProcess } from "../whatsapp-process.js";

/** A contestant's program with its sessions. */
export interface Sessions {
  readonly program: Program;
  /** The phone numbers of its sessions. */
  readonly phones: readonly string[];
}

/** How a contestant is set up. */
export interface SessionsSetUp {
  readonly whatsapp: WhatsAppProcess;
  readonly sessions: number;
  /** One round of it. */
  readonly measure: (sessions: Sessions) => Promise<Figures>;
}

/** The phone number of the first session. */
export const FIRST_NUMBER = 5_511_900_000_000;
/** Room for the numbers of a contestant. */
const NUMBERS = 100_000;
let contestants = 0;

const nextNumber = (): string => String(FIRST_NUMBER + NUMBERS * (contestants += 1));

/** A bare whaileys over memory, its files, or a Keyv. */
export async function bareSessions(
  name: string,
  kind: Parameters<typeof barePlaceFor>[0],
  setUp: SessionsSetUp,
): Promise<Contestant> {
  const place = await barePlaceFor(kind);
  const program = new Program("bare", [setUp.whatsapp.url, nextNumber(), place.url]);
  return contestant(name, program, setUp, () => place.drop());
}

/** zpwoot over a store: with a webhook at a URL or without one, as a node of a cluster or alone. */
export async function zpwootSessions(
  name: string,
  kind: PlaceKind,
  setUp: SessionsSetUp,
  { webhook = "", node = "" } = {},
): Promise<Contestant> {
  const place = await placeFor(kind);
  const program = new Program("zpwoot", [setUp.whatsapp.url, nextNumber(), place.url, webhook, node]);
  return contestant(name, program, setUp, () => place.drop());
}

/** What a contestant of another checkout is. */
export interface CheckoutSessions {
  /** Where it is built. */
  readonly folder: string;
  readonly store: PlaceKind;
  readonly sendsWith: SendsWith;
  /** URL of a webhook; without one there is none. */
  readonly webhook?: string | undefined;
}

/** zpwoot as a folder has it built. */
export async function checkoutSessions(
  name: string,
  { folder, store, sendsWith, webhook = "" }: CheckoutSessions,
  setUp: SessionsSetUp,
): Promise<Contestant> {
  const place = await placeFor(store);
  const args = [folder, setUp.whatsapp.url, nextNumber(), place.url, sendsWith, webhook];
  return contestant(name, new Program("checkout", args), setUp, () => place.drop());
}

async function contestant(
  name: string,
  program: Program,
  { sessions, measure }: SessionsSetUp,
  drop: () => Promise<void>,
): Promise<Contestant> {
  const phones = await program.call<readonly string[]>("open", sessions);
  return {
    name,
    measure: () => measure({ program, phones }),
    close: async () => {
      await program.call("stop");
      await program[Symbol.asyncDispose]();
      await drop();
    },
  };
}
