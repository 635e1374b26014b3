/**
 * Leaves out devices of a message whose keys are badly signed, damaged or not to be had (fan-out.ts), in each library in its own way. Such a
 * device has no session, which whaileys takes for an error of the whole message; Baileys 7 leaves it out too, but takes an empty list for an
 * error, and notes that the device has the key of a group.
 */
import type { BinaryNode } from "whaileys";
import { currentFanOut, type FanOut } from "../fan-out.js";
import type { WhatsAppSocket } from "../library.js";

/** A part of a message for one device. */
interface Encrypted {
  readonly type: string;
  readonly ciphertext: Uint8Array;
}

/** The part of `whaileys/lib/Utils/signal` that is patched. */
export interface SignalModule {
  encryptSignalProto: (jid: string, ...rest: never[]) => Promise<Encrypted>;
  encryptSenderKeyMsgSignalProto: (...message: never[]) => Promise<unknown>;
  readonly jidToSignalProtocolAddress: (jid: string) => { toString(): string };
}

/** The part of `whaileys/lib/WABinary/encode` that is patched. */
export interface EncodeModule {
  encodeBinaryNode: (node: BinaryNode, ...rest: never[]) => Uint8Array;
}

/** Stands for a part that is not sent. It is known by its identity. */
const LEFT_OUT = new Uint8Array(0);
const patched = Symbol.for("zpwoot.spared-devices");

/** Patches the loaded modules of whaileys: a device that has no keys gets a mark instead of a part, and what is marked is not sent. */
export function sparePerDevice(signal: SignalModule & { [patched]?: true }, wire: EncodeModule): void {
  if (signal[patched] === true) return;
  const { encryptSignalProto, encryptSenderKeyMsgSignalProto } = signal;
  signal.encryptSenderKeyMsgSignalProto = async (...message) => {
    currentFanOut()?.leaving();
    return encryptSenderKeyMsgSignalProto(...message);
  };
  signal.encryptSignalProto = async (jid, ...rest) => {
    const fanOut = currentFanOut();
    if (fanOut === undefined) return encryptSignalProto(jid, ...rest);
    fanOut.leaving();
    if (!fanOut.refused(signal.jidToSignalProtocolAddress(jid).toString())) {
      try {
        return await encryptSignalProto(jid, ...rest);
      } catch (error) {
        if (!isWithoutSession(error)) throw error;
      }
    }
    fanOut.leaveOut(jid);
    return { type: "msg", ciphertext: LEFT_OUT };
  };
  const { encodeBinaryNode } = wire;
  wire.encodeBinaryNode = (node, ...rest) => {
    const fanOut = node.tag === "message" ? currentFanOut() : undefined;
    return encodeBinaryNode(fanOut?.leavesOut === true ? withoutMarked(node, fanOut) : node, ...rest);
  };
  Object.defineProperty(signal, patched, { value: true });
}

/** libsignal has no session with the device: WhatsApp had no keys for it, or left it out of its answer. */
function isWithoutSession(error: unknown): boolean {
  return error instanceof Error && error.name === "SessionError";
}

function withoutMarked(message: BinaryNode, fanOut: FanOut): BinaryNode {
  const parts = childrenOf(message);
  // To the account's own phone, the part stands alone.
  const devices = parts.some(isMarked)
    ? [message]
    : childrenOf(parts.find(({ tag }) => tag === "participants"));
  fanOut.requireRecipient(devices.flatMap(({ attrs }) => attrs["jid"] ?? attrs["to"] ?? []));
  const content = parts.flatMap((part) => {
    if (part.tag !== "participants") return [part];
    const kept = childrenOf(part).filter((device) => !childrenOf(device).some(isMarked));
    return kept.length === 0 ? [] : [{ ...part, content: kept }];
  });
  return { ...message, content };
}

function childrenOf(node: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : [];
}

function isMarked({ content }: BinaryNode): boolean {
  return content === LEFT_OUT;
}

/** The part of Baileys 7's socket that tells whether there is a session with a device. */
interface WithSessions {
  readonly signalRepository: { validateSession(jid: string): Promise<{ readonly exists: boolean }> };
}

/** The part of Baileys 7's socket that encrypts. */
interface WithEncryption {
  readonly signalRepository: Record<
    "encryptMessage" | "encryptGroupMessage",
    (message: never) => Promise<unknown>
  >;
}

/** Lets Baileys 7 say when it is about to encrypt a message. */
export function announceEncryption(socket: WhatsAppSocket): void {
  const { signalRepository } = socket as unknown as WithEncryption;
  for (const name of ["encryptMessage", "encryptGroupMessage"] as const) {
    const encrypt = signalRepository[name].bind(signalRepository);
    signalRepository[name] = async (message) => {
      currentFanOut()?.leaving();
      return encrypt(message);
    };
  }
}

/** The option `patchMessageBeforeSending` of Baileys 7; for the message of a group there is no list of devices. */
export type MessagePatch = (message: unknown, devices?: string[]) => unknown;

/**
 * The option with devices left out. The library calls it with the list of devices that it is about to encrypt to: those
 * without keys are taken from that very list.
 */
export function sparingPatch(wanted: MessagePatch | undefined, socket: () => WhatsAppSocket): MessagePatch {
  return async (message, devices) => {
    const fanOut = currentFanOut();
    fanOut?.content(message);
    if (fanOut?.mayLackKeys === true && Array.isArray(devices)) await spare(devices, fanOut, socket());
    return wanted === undefined ? message : wanted(message, devices);
  };
}

async function spare(devices: string[], fanOut: FanOut, socket: WhatsAppSocket): Promise<void> {
  const { signalRepository } = socket as unknown as WithSessions;
  const all = [...devices];
  const sessions = await Promise.all(all.map((device) => signalRepository.validateSession(device)));
  const kept = all.filter((_, index) => sessions[index]?.exists === true);
  for (const device of all) if (!kept.includes(device)) fanOut.leaveOut(device);
  fanOut.requireRecipient(all);
  devices.splice(0, devices.length, ...kept);
}
