/**
 * WhatsApp's answers to a question for the keys of many devices. Both libraries reject all of it when one device is answered with an `<error>`,
 * or with keys that are damaged: such a device is taken out of the answer before the library reads it.
 */
import type { BinaryNode } from "whaileys";
import type { Emitter } from "./pending-queries.js";

type Listener = (...args: unknown[]) => void;

/** Called for every answer with a list, which may be one of keys, with the devices in it that have none. */
type OnKeys = (withoutKeys: readonly string[]) => void;

/** Event of a socket with the answer to one query. */
const ANSWER = "TAG:";
/** Bytes of a public key, without and with the byte of its type. */
const KEY_BYTES: ReadonlySet<number> = new Set([32, 33]);
const SIGNATURE_BYTES = 64;
const REGISTRATION_BYTES = 4;

/**
 * Takes devices without usable keys out of the answers of a socket. `asking` is called when a query begins to wait for its answer; without a
 * result the answer is left as it is: to a question for one device it belongs to the caller.
 */
export function watchKeyAnswers(ws: Emitter, asking: () => OnKeys | undefined): void {
  const { on } = ws;
  const off = ws.off.bind(ws);
  ws.on = (name, listener) => {
    const onKeys = isAnswer(name) ? asking() : undefined;
    if (onKeys !== undefined) {
      const clean: Listener = (answer) => takeOutUnusable(answer as BinaryNode, onKeys);
      on.call(ws, name, clean);
    }
    return on.call(ws, name, listener);
  };
  ws.off = (name, listener) => {
    off(name, listener);
    // One query waits for it: with its listener ours goes.
    if (isAnswer(name)) ws.removeAllListeners(name);
    return ws;
  };
}

function isAnswer(name: string | symbol): name is string {
  return typeof name === "string" && name.startsWith(ANSWER);
}

function takeOutUnusable(answer: BinaryNode, onKeys: OnKeys): void {
  const list = childOf(answer, "list");
  if (list === undefined) return;
  const unusable = childrenOf(list).filter((device) => device.tag === "user" && !isUsable(device));
  if (unusable.length > 0) list.content = childrenOf(list).filter((device) => !unusable.includes(device));
  onKeys(unusable.flatMap(({ attrs }) => attrs["jid"] ?? []));
}

/** Whether a session can be made from it. A device may have run out of one-time keys. */
function isUsable(device: BinaryNode): boolean {
  const [signed, once] = [childOf(device, "skey"), childOf(device, "key")];
  return (
    childOf(device, "error") === undefined &&
    lengthOf(childOf(device, "registration")) === REGISTRATION_BYTES &&
    KEY_BYTES.has(lengthOf(childOf(device, "identity"))) &&
    signed !== undefined &&
    isKey(signed) &&
    lengthOf(childOf(signed, "signature")) === SIGNATURE_BYTES &&
    (once === undefined || isKey(once))
  );
}

function isKey(key: BinaryNode): boolean {
  return lengthOf(childOf(key, "id")) > 0 && KEY_BYTES.has(lengthOf(childOf(key, "value")));
}

/** Bytes of the content; 0 if it is something else. */
function lengthOf(node: BinaryNode | undefined): number {
  return node?.content instanceof Uint8Array ? node.content.length : 0;
}

function childOf(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return childrenOf(node).find((child) => child.tag === tag);
}

function childrenOf(node: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : [];
}
