/** Seals what goes over the bus: only who can read the store can read it, or speak in a node's name. AES-256-GCM. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { CLUSTER_KEY } from "../../store/keys.js";
import type { Store } from "../../store/store.js";

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What all nodes of a cluster share. */
export interface ClusterSecret {
  /** Names the cluster on the bus. */
  readonly id: string;
  /** 32 bytes as base64. */
  readonly key: string;
}

/** The secret of the cluster of a store, made by the first node. Rejects with a store error. */
export async function clusterSecret(store: Store): Promise<ClusterSecret> {
  let secret: ClusterSecret | undefined;
  await store.change(CLUSTER_KEY, [CLUSTER_KEY], (stored) => {
    const found = stored.get(CLUSTER_KEY) as Partial<ClusterSecret> | undefined;
    if (typeof found?.id === "string" && typeof found.key === "string") {
      secret = { id: found.id, key: found.key };
      return undefined;
    }
    secret = { id: randomBytes(8).toString("hex"), key: randomBytes(32).toString("base64") };
    return new Map([[CLUSTER_KEY, { version: 1, ...secret }]]);
  });
  if (secret === undefined) throw new Error("the cluster has no secret");
  return secret;
}

/** Makes texts unreadable, and knows its own again. */
export class Seal {
  readonly #key: Buffer;

  constructor({ id, key }: ClusterSecret) {
    this.#key = createHash("sha256").update(`${id}:${key}`).digest();
  }

  /** A text that only {@link open} can read, and only for the same place: a message can't be sent on to another node. */
  close(text: string, place: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** The text; undefined when it was not sealed with this key, for this place. */
  open(sealed: string, place: string): string | undefined {
    try {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString();
    } catch {
      return undefined;
    }
  }
}
