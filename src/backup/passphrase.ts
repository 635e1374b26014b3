/** Encryption by passphrase, for bundles and snapshots: scrypt and AES-256-GCM. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt, type ScryptOptions } from "node:crypto";
import { promisify } from "node:util";
import { ZpwootError } from "../errors.js";

/** How a key is derived from a passphrase; stored unencrypted beside the encrypted text. */
export interface KeyDerivation {
  readonly kdf: "scrypt";
  /** As base64. */
  readonly salt: string;
  /** The cost parameter N of scrypt. */
  readonly cost: number;
}

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A derivation takes about 0.1 s and 32 MB. */
const COST = 32_768;

/** The highest cost accepted from a file, so that a forged one can't use up the memory. */
const MAX_COST = 131_072;

const derive = promisify(scrypt) as (
  passphrase: string,
  salt: Buffer,
  bytes: number,
  options: ScryptOptions,
) => Promise<Buffer>;

/** Encrypts and decrypts texts with the key of one passphrase. */
export class PassphraseKey {
  readonly derivation: KeyDerivation;
  readonly #key: Buffer;

  private constructor(derivation: KeyDerivation, key: Buffer) {
    this.derivation = derivation;
    this.#key = key;
  }

  /**
   * A new key; with `derivation`, the key that encrypted an existing text. Rejects with `INVALID_INPUT` for an empty passphrase or
   * a derivation that is not supported.
   */
  static async of(passphrase: string, derivation?: KeyDerivation): Promise<PassphraseKey> {
    if (passphrase === "") throw new ZpwootError("INVALID_INPUT", "passphrase: must not be empty");
    const used = derivation ?? {
      kdf: "scrypt",
      salt: randomBytes(SALT_BYTES).toString("base64"),
      cost: COST,
    };
    if (used.kdf !== "scrypt" || !Number.isSafeInteger(used.cost) || used.cost < 2 || used.cost > MAX_COST)
      throw wrongPassphrase();
    const options = { N: used.cost, r: 8, p: 1, maxmem: 256 * used.cost * 8 };
    return new PassphraseKey(
      used,
      await derive(passphrase, Buffer.from(used.salt, "base64"), KEY_BYTES, options),
    );
  }

  /** The encrypted text as base64. `open` needs the same `place`. */
  seal(text: string, place: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv).setAAD(Buffer.from(place));
    return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString(
      "base64",
    );
  }

  /** The decrypted text. Throws `INVALID_INPUT` when the passphrase or the place is wrong, or the data was changed. */
  open(sealed: string, place: string): string {
    const data = Buffer.from(sealed, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, data.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(place)).setAuthTag(data.subarray(-TAG_BYTES));
      return decipher.update(data.subarray(IV_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw wrongPassphrase();
    }
  }
}

function wrongPassphrase(): ZpwootError {
  return new ZpwootError("INVALID_INPUT", "The passphrase is wrong, or the file is damaged");
}
