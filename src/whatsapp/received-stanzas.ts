/** Message stanzas that came, until the library emits them. */
import type { BinaryNode } from "whaileys";
import { LazyMap } from "../async/lazy-collections.js";
import type { ReceivedChanges } from "./library.js";

/** Stanzas that are remembered: those of handlers that make no event are never asked for. */
const MAX_STANZAS = 20_000;

/** A message as the libraries emit it. */
export interface Emitted {
  readonly key: {
    readonly id?: string | null;
    readonly remoteJid?: string | null;
    readonly participant?: string | null;
  };
  readonly messageStubType?: number | null;
}

/** A stanza that came. */
export interface Received {
  readonly id: string;
  /** The users that it names: sender, chat, participant. */
  readonly users: ReadonlySet<string>;
  /** The same for every delivery of the message. */
  readonly name: string;
  /** The attributes of its stanza. */
  readonly attributes: object;
  changes?: ReceivedChanges | undefined;
  held: boolean;
  /** Ends the hold of a message that is not encrypted: with the promise, or at once. */
  release?: ((durable?: Promise<void>) => void) | undefined;
}

/** For all sockets: an object of a stanza belongs to one alone. */
const byCiphertext = new WeakMap<Uint8Array, Received>();
const byAttributes = new WeakMap<object, Received>();

/** The stanzas of one socket. */
export class ReceivedStanzas {
  readonly #byId = new LazyMap<string, Received[]>();
  #size = 0;

  /** Those that are not emitted yet. */
  get all(): readonly Received[] {
    return [...this.#byId.values()].flat();
  }

  /** Remembers a stanza. */
  add({ attrs, content }: BinaryNode): Received {
    const { id = "", from = "", participant = "" } = attrs;
    const users = new Set<string>();
    for (const value of Object.values(attrs)) if (value.includes("@")) users.add(userOf(value));
    const name = `${from} ${participant} ${id}`;
    const received: Received = { id, users, name, attributes: attrs, held: false };
    byAttributes.set(attrs, received);
    for (const part of Array.isArray(content) ? content : [])
      if (part.content instanceof Uint8Array) byCiphertext.set(part.content, received);
    if (this.#size >= MAX_STANZAS) this.#forgetOldest();
    this.#byId.set(id, [...(this.#byId.get(id) ?? []), received]);
    this.#size += 1;
    return received;
  }

  /** The stanza with the content. */
  withContent(ciphertext: Uint8Array): Received | undefined {
    return byCiphertext.get(ciphertext);
  }

  /** The stanza with the attributes, the same object. */
  withAttributes(attributes: object): Received | undefined {
    return byAttributes.get(attributes);
  }

  /** Takes out the stanza that an emitted message came with. Two senders can use one id. */
  take({ key }: Emitted): Received | undefined {
    const { id, remoteJid, participant } = key;
    const all = this.#byId.get(id ?? "") ?? [];
    const users = [remoteJid, participant].flatMap((jid) => (jid ? [userOf(jid)] : []));
    const found = all.length === 1 ? all[0] : all.find((one) => users.every((user) => one.users.has(user)));
    if (found !== undefined) this.#remove(found);
    return found;
  }

  /** Forgets those that are not emitted yet. */
  clear(): void {
    this.#byId.clear();
    this.#size = 0;
  }

  #remove(received: Received): void {
    const others = (this.#byId.get(received.id) ?? []).filter((one) => one !== received);
    if (others.length === 0) this.#byId.delete(received.id);
    else this.#byId.set(received.id, others);
    this.#size -= 1;
  }

  #forgetOldest(): void {
    const [[oldest] = []] = this.#byId.values();
    if (oldest !== undefined) this.#remove(oldest);
  }
}

/** The user in a JID: the phone number, the digits of the LID, or the group. */
function userOf(jid: string): string {
  const end = jid.search(/[:@_]/);
  return end === -1 ? jid : jid.slice(0, end);
}
