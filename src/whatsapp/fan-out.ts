/**
 * A message goes to many devices, each with keys of its own, and the libraries reject all of it when those of one are badly signed. Here that
 * device is left out, and the others receive it. A message to one person that would reach none of the person's devices is rejected.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalDataSet } from "whaileys";
import { SerialQueue } from "../async/serial-queue.js";
import { ZpwootError } from "../errors.js";
import type { TransactionalKeys, WhatsAppSocket } from "./library.js";
import type { BadSignature } from "./signatures/socket-checks.js";

/** What goes to groups, status and channels: not to one person. */
const TO_MANY = /@(g\.us|broadcast|newsletter)$/;

/** A device of a recipient has badly signed keys. */
const LEFT_OUT = {
  check: "pre-key",
  refused: true,
  message: "a message is not sent to a device: its keys are not signed by the identity of the device",
} as const;

const sends = ((globalThis as Record<symbol, unknown>)[Symbol.for("zpwoot.fan-outs")] ??=
  new AsyncLocalStorage()) as AsyncLocalStorage<FanOut>;

/** The message that the caller's work belongs to; undefined if it belongs to none. */
export function currentFanOut(): FanOut | undefined {
  return sends.getStore();
}

/** One message on its way to devices. */
export class FanOut {
  readonly #jid: string;
  readonly #ownUsers: ReadonlySet<string>;
  readonly #onLeftOut: (device: string) => void;
  /** Signal addresses. */
  readonly #refused = new Set<string>();
  readonly #leftOut = new Set<string>();

  constructor(jid: string, ownUsers: ReadonlySet<string>, onLeftOut: (device: string) => void) {
    this.#jid = jid;
    this.#ownUsers = ownUsers;
    this.#onLeftOut = onLeftOut;
  }

  /** The group that it is for; undefined if it is for one person. */
  get group(): string | undefined {
    return TO_MANY.test(this.#jid) ? this.#jid : undefined;
  }

  /** The keys of the device at a Signal address are badly signed. */
  refuse(address: string): void {
    this.#refused.add(address);
  }

  /** Whether the keys of a device were badly signed, of one at this Signal address or of any. */
  refused(address?: string): boolean {
    return address === undefined ? this.#refused.size > 0 : this.#refused.has(address);
  }

  /** The message is not encrypted to the device. */
  leaveOut(device: string): void {
    if (this.#leftOut.has(device)) return;
    this.#leftOut.add(device);
    this.#onLeftOut(device);
  }

  /** Whether the message is not encrypted to the device. */
  leftOut(device: string): boolean {
    return this.#leftOut.has(device);
  }

  /**
   * Throws `BAD_SIGNATURE` if the message is for one person, and none of these devices of that person is left. Call it for all devices of
   * the person at once.
   */
  requireRecipient(devices: readonly string[]): void {
    if (this.group !== undefined) return;
    const toSelf = this.#ownUsers.has(userOf(this.#jid));
    const theirs = devices.filter((device) => toSelf || !this.#ownUsers.has(userOf(device)));
    if (theirs.length === 0 || theirs.some((device) => !this.leftOut(device))) return;
    throw new ZpwootError(
      "BAD_SIGNATURE",
      "The message was not sent: the keys of the recipient's devices are not signed by the identity of the device",
    );
  }
}

/**
 * Makes every message of a socket leave out devices with badly signed keys. `onBadSignature` is called for each, once per message.
 * Call it after the engine's key store is in place.
 */
export function fanOutMessages(socket: WhatsAppSocket, onBadSignature: (failed: BadSignature) => void): void {
  const { sendMessage, relayMessage } = socket;
  const leaveOut = (device: string): void => onBadSignature({ ...LEFT_OUT, device });
  const send = <T>(jid: string, call: () => Promise<T>): Promise<T> =>
    sends.run(new FanOut(jid, ownUsersOf(socket), leaveOut), call);
  socket.sendMessage = (jid, ...rest) => send(jid, () => sendMessage(jid, ...rest));
  socket.relayMessage = (jid, content, options) =>
    // To one device that asked for it again: there is no other.
    options.participant === undefined
      ? send(jid, () => relayMessage(jid, content, options))
      : relayMessage(jid, content, options);
  const keys = socket.authState.keys as TransactionalKeys;
  const set = keys.set.bind(keys);
  keys.set = (data) => set(withoutLeftOut(data));
  keys.transaction = inGroupOrder(keys.transaction.bind(keys));
}

/**
 * Lets the messages to a group, each of which is a transaction without a key in whaileys, go out one after the other: the first of them
 * carries the group's key from its own place in the chain on, so what overtakes it can't be read.
 */
function inGroupOrder(transaction: TransactionalKeys["transaction"]): TransactionalKeys["transaction"] {
  const queues = new Map<string, SerialQueue>();
  return (work, key) => {
    const group = currentFanOut()?.group;
    if (group === undefined || key !== undefined) return transaction(work, key);
    const queue = queues.get(group) ?? new SerialQueue({ reentrant: true });
    queues.set(group, queue);
    return queue.run(() => transaction(work));
  };
}

/** The libraries note which devices have the key of a group before they know which get it: those that did not are tried again next time. */
function withoutLeftOut(data: SignalDataSet): SignalDataSet {
  const fanOut = currentFanOut();
  const memory = data["sender-key-memory"];
  if (fanOut?.refused() !== true || memory === undefined) return data;
  const corrected = Object.entries(memory).map(([group, devices]) => {
    const entries = Object.entries(devices ?? {}).filter(([device]) => !fanOut.leftOut(device));
    return [group, Object.fromEntries(entries)] as const;
  });
  return { ...data, "sender-key-memory": Object.fromEntries(corrected) };
}

function ownUsersOf({ authState }: WhatsAppSocket): ReadonlySet<string> {
  const { id, lid } = authState.creds.me ?? {};
  return new Set([id, lid].flatMap((jid) => (jid === undefined ? [] : [userOf(jid)])));
}

/** The user in a JID: the phone number, or the digits of the LID. */
function userOf(jid: string): string {
  return jid.replace(/[:@].*$/, "");
}
