/** The encryption of votes in polls, with the secret that the poll carries. */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { pollVote } from "./chat-proto.js";
import { sha256 } from "./media-crypto.js";

const TAG_LENGTH = 16;

/** Which poll, and whose vote. */
export interface VotePlace {
  readonly pollId: string;
  /** JIDs of accounts. */
  readonly creator: string;
  readonly voter: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Encrypts a vote for these options. */
export function sealVote(options: readonly string[], place: VotePlace, iv: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", keyOf(place), iv);
  cipher.setAAD(Buffer.from(`${place.pollId}\0${place.voter}`));
  const plain = pollVote.encode({ selectedOptions: options.map((option) => sha256(Buffer.from(option))) });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The options that a vote is for, of those that the poll has; undefined when it is not sealed as it must be. */
export function openVote(
  sealed: Uint8Array,
  iv: Uint8Array,
  place: VotePlace,
  options: readonly string[],
): readonly string[] | undefined {
  try {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(place), iv);
    decipher.setAAD(Buffer.from(`${place.pollId}\0${place.voter}`));
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]);
    const chosen = (pollVote.decode(plain).selectedOptions ?? []).map((hash) => Buffer.from(hash));
    return options.filter((option) => chosen.some((hash) => hash.equals(sha256(Buffer.from(option)))));
  } catch {
    return undefined;
  }
}

function keyOf({ pollId, creator, voter, secret }: VotePlace): Buffer {
  const first = createHmac("sha256", Buffer.alloc(32)).update(secret).digest();
  const about = Buffer.concat([Buffer.from(`${pollId}${creator}${voter}Poll Vote`), Buffer.of(1)]);
  return createHmac("sha256", first).update(about).digest();
}
