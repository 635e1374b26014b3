/** What the message router carries: one encrypted message for one device. */
import { node, type BinaryNode } from "../wire/node.js";

/** One encrypted part of a message, as it goes into an `enc` node. */
export interface EncryptedPart {
  /** `skmsg`: to a whole group. */
  readonly type: "pkmsg" | "msg" | "skmsg";
  readonly ciphertext: Uint8Array;
}

/** A part between two phones of the emulator. No client sees it, and so nobody encrypts it. */
export interface PlainPart {
  readonly type: "plain";
  readonly message: Uint8Array;
}

/** One message for one device. */
export interface Envelope {
  readonly id: string;
  /** Device that wrote it, in the kind of address the recipient was addressed by. */
  readonly from: string;
  /** Device it is for. */
  readonly to: string;
  /** JID of the group it was written to. */
  readonly group?: string | undefined;
  /** The chat, when this is a copy for another device of the author's own account. */
  readonly recipient?: string | undefined;
  /** Usually one; to a group also the key of the author's messages there, before the message. */
  readonly parts: readonly (EncryptedPart | PlainPart)[];
  /** Number of the retry this answers. */
  readonly retry?: string | undefined;
  /** Name of the author. */
  readonly notify?: string | undefined;
  /** `peer`: between devices of one account. */
  readonly category?: "peer" | undefined;
  /** The author by phone number, when it is addressed by its LID. */
  readonly senderPn?: string | undefined;
}

/** The message as a stanza for a linked device. */
export function messageStanza(envelope: Envelope, seconds: number): BinaryNode {
  const { id, from, group, recipient, parts, retry, notify, category, senderPn } = envelope;
  const sender =
    group === undefined
      ? { from, sender_pn: senderPn }
      : {
          ...{ from: group, participant: from, participant_pn: senderPn },
          addressing_mode: senderPn === undefined ? undefined : "lid",
        };
  const attrs = { ...sender, id, t: String(seconds), type: "text", recipient, notify, category };
  return node(
    "message",
    attrs,
    parts.flatMap((part) =>
      part.type === "plain" ? [] : [node("enc", { v: "2", type: part.type, count: retry }, part.ciphertext)],
    ),
  );
}
