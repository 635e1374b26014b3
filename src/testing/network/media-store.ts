/** The media of one emulator: encrypted files by their path, and who may upload. */
import type { EmulatorContext } from "../context/emulator-context.js";
import { parseJid } from "../wire/jid.js";
import { sha256 } from "../wire/media-crypto.js";

/** A stored file, as a test sees it. */
export interface StoredMediaFacts {
  /** Path and query on the media host: the `directPath` of messages. */
  readonly path: string;
  /** Encrypted bytes. */
  readonly size: number;
  /** JID of the device or phone that stored it. */
  readonly from: string;
  /** What a download is answered: 200, or 404 or 410 when it has expired. */
  readonly status: number;
}

/** What an expired file is answered with. */
export type ExpiredStatus = 404 | 410;

/** A stored file. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly from: string;
  /** Undefined while it can be downloaded. The bytes stay: the phones still have them. */
  expired: ExpiredStatus | undefined;
}

/** How long an upload token is valid, in seconds; clients ask for another one then. */
const TOKEN_LIFETIME_SECONDS = 3600;
const TOKEN_LENGTH = 24;
const NAME_LENGTH = 16;
/** Bytes that are kept; the oldest files are dropped first. */
const MAX_TOTAL_BYTES = 512 * 1024 * 1024;
const MAX_TOKENS = 10_000;
/** Uploads that broke off and may be resumed. */
const MAX_PARTS = 20;

/** The stored files. */
export class MediaStore {
  readonly #context: EmulatorContext;
  readonly #files = new Map<string, StoredFile>();
  readonly #tokens = new Map<string, { readonly jid: string; readonly untilMs: number }>();
  /** Uploads that broke off, by their hash. */
  readonly #parts = new Map<string, Buffer>();
  #totalBytes = 0;
  #origin = "";

  constructor(context: EmulatorContext) {
    this.#context = context;
  }

  /** Where clients find it: `https://<host>:<port>`, empty before the emulator listens. */
  get origin(): string {
    return this.#origin;
  }

  /** The media host listens. */
  listensAt(origin: string): void {
    this.#origin = origin;
  }

  /** Oldest first. */
  get files(): readonly StoredMediaFacts[] {
    return [...this.#files.values()].map(({ path, bytes, from, expired = 200 }) => ({
      ...{ path, size: bytes.length, from },
      status: expired,
    }));
  }

  /** The hosts that clients are sent to, as `host:port`. */
  get hosts(): readonly string[] {
    return this.#context.behaviour.mediaHosts ?? [this.#origin.replace("https://", "")];
  }

  /** A token to upload with. */
  issueToken(jid: string): { readonly token: string; readonly lifetimeSeconds: number } {
    const token = Buffer.from(this.#context.random(TOKEN_LENGTH)).toString("base64url");
    this.#tokens.set(token, { jid, untilMs: this.#context.now() + TOKEN_LIFETIME_SECONDS * 1000 });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MAX_TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
    return { token, lifetimeSeconds: TOKEN_LIFETIME_SECONDS };
  }

  /** The device that a token was issued to; undefined when it was not issued, or is over. */
  holderOf(token: string | null): string | undefined {
    const issued = this.#tokens.get(token ?? "");
    return issued === undefined || issued.untilMs < this.#context.now() ? undefined : issued.jid;
  }

  /** Whether a token was ever issued; it may be over. */
  wasIssued(token: string | null): boolean {
    return this.#tokens.has(token ?? "");
  }

  /** The file whose stored bytes have this hash, in base64url. */
  findByHash(hash: string): StoredFile | undefined {
    const wanted = hash.replace(/=+$/u, "");
    for (const [pathname, file] of this.#files)
      if (file.expired === undefined && pathname.split("/").at(-1)?.startsWith(wanted) === true) return file;
    return undefined;
  }

  /** Keeps a file. The same bytes get the same path, until they expire. */
  put(bytes: Buffer, from: string, folder = "t62.7118-24"): StoredFile {
    const name = sha256(bytes).toString("base64url");
    const known = this.find(`/v/${folder}/${name}`);
    if (known !== undefined && known.expired === undefined) return known;
    // Each time another path: what has expired stays so.
    const salt =
      known === undefined ? "" : `-${Buffer.from(this.#context.random(NAME_LENGTH)).toString("hex")}`;
    const pathname = `/v/${folder}/${name}${salt}`;
    const file: StoredFile = { path: `${pathname}?ccb=11-4`, bytes, from, expired: undefined };
    this.#files.set(pathname, file);
    this.#totalBytes += bytes.length;
    this.#dropOldest();
    return file;
  }

  /** The file at a path, with or without its query; an address of this host is a path too. */
  find(pathOrUrl: string | undefined): StoredFile | undefined {
    if (pathOrUrl === undefined) return undefined;
    const path = pathOrUrl.startsWith(this.#origin) ? pathOrUrl.slice(this.#origin.length) : pathOrUrl;
    return this.#files.get(path.split("?")[0] ?? "");
  }

  /** Lets a file expire, or all. Returns their number. */
  expire(path: string | undefined, status: ExpiredStatus): number {
    const files = path === undefined ? [...this.#files.values()] : [this.find(path)];
    const found = files.filter((file) => file !== undefined);
    for (const file of found) file.expired = status;
    return found.length;
  }

  /** What came of an upload that broke off; empty when nothing did. */
  partOf(hash: string): Buffer {
    return this.#parts.get(hash) ?? Buffer.alloc(0);
  }

  /** Keeps what came of an upload that broke off; undefined: it was completed. */
  keepPart(hash: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) this.#parts.delete(hash);
    else this.#parts.set(hash, bytes);
    const [oldest] = this.#parts.keys();
    if (this.#parts.size > MAX_PARTS && oldest !== undefined) this.#parts.delete(oldest);
  }

  /** Phone number of a token's holder, for fault rules. */
  phoneNumberOf(token: string | null): string | undefined {
    return parseJid(this.holderOf(token))?.user;
  }

  #dropOldest(): void {
    for (const [pathname, { bytes }] of this.#files) {
      if (this.#totalBytes <= MAX_TOTAL_BYTES) return;
      this.#files.delete(pathname);
      this.#totalBytes -= bytes.length;
    }
  }
}
