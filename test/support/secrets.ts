/** Collects secrets, in every form in which they might be printed. */

/** Families of stored records that are not secret by themselves. What a sent message holds is in its event as well. */
const OPEN = /\/(record|keys|webhook|events|sent|message)|^wa\/(index|sentinel|journal|client-version)/;
/** Texts that are keys: at least 30 bytes in base64. */
const KEY_TEXT = /^[A-Za-z0-9+/]{40,}={0,2}$/;
const MIN_BYTES = 30;
/** How Node prints the beginning of a Buffer. */
const PRINTED_BYTES = 24;

/** The secrets of a run. */
export class SecretKeeper {
  readonly #secrets = new Set<string>();

  get all(): readonly string[] {
    return [...this.#secrets];
  }

  /** Records a text and returns it. */
  keep(secret: string): string {
    if (secret !== "") this.#secrets.add(secret);
    return secret;
  }

  /** A QR code as a whole, and each of its keys. */
  qr(value: string): void {
    this.keep(value);
    for (const field of value.split(",").slice(1)) if (field.length > 8) this.keep(field);
  }

  /** Every key that a store holds. */
  stored(map: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of map) if (!OPEN.test(key)) this.#walk(parsed(value));
  }

  #walk(value: unknown): void {
    if (value instanceof Uint8Array) return this.#bytes(Buffer.from(value));
    if (typeof value === "string") {
      if (KEY_TEXT.test(value)) this.#bytes(Buffer.from(value, "base64"));
      else if (value.startsWith("{") || value.startsWith("[")) this.#walk(parsed(value));
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const { type, data } = value as { type?: unknown; data?: unknown };
    if (type === "Buffer" && typeof data === "string") return this.#bytes(Buffer.from(data, "base64"));
    if (type === "Buffer" && Array.isArray(data)) return this.#bytes(Buffer.from(data as number[]));
    for (const [key, inner] of Object.entries(value)) {
      this.#walk(key);
      this.#walk(inner);
    }
  }

  #bytes(bytes: Buffer): void {
    if (bytes.length < MIN_BYTES) return;
    this.keep(bytes.toString("base64").replace(/=+$/, ""));
    this.keep(bytes.toString("base64url"));
    this.keep(bytes.toString("hex"));
    const printed = [...bytes.subarray(0, PRINTED_BYTES)].map((byte) => byte.toString(16).padStart(2, "0"));
    this.keep(printed.join(" "));
    this.keep([...bytes.subarray(0, PRINTED_BYTES)].join(","));
  }
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
