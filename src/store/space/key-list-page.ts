/**
 * Pages of a session's key list: which ids of one family exist. A page of numbers (pre-keys, outbox positions) is a bitmap of
 * 1,024 ids; all other ids are listed on one of 64 pages, chosen by hash. So a new key rewrites one small record.
 */
import { createHash } from "node:crypto";

const NUMBERS_PER_PAGE = 1_024;
const HASHED_PAGES = 64;
const NUMBER = /^(0|[1-9]\d{0,14})$/;

/** The name of the page of an id (as it is written in the key). */
export function pageOf(idPart: string): string {
  if (NUMBER.test(idPart)) return `n${Math.floor(Number(idPart) / NUMBERS_PER_PAGE)}`;
  return `h${createHash("sha256").update(idPart).digest().readUInt16BE(0) % HASHED_PAGES}`;
}

/** The ids of one page. */
export interface KeyListPage {
  readonly size: number;
  has(idPart: string): boolean;
  add(idPart: string): void;
  delete(idPart: string): void;
  ids(): string[];
  /** The value to store. */
  toValue(): unknown;
}

/** The page of a stored value, or an empty page of that name. Throws a TypeError for a value of another form. */
export function createPage(name: string, value?: unknown): KeyListPage {
  return name.startsWith("n") ? new NumberPage(Number(name.slice(1)), value) : new ListPage(value);
}

class NumberPage implements KeyListPage {
  readonly #first: number;
  readonly #bits: Buffer;
  #size = 0;

  constructor(index: number, value: unknown) {
    this.#first = index * NUMBERS_PER_PAGE;
    this.#bits = value === undefined ? Buffer.alloc(NUMBERS_PER_PAGE / 8) : asBits(value);
    for (let bit = 0; bit < NUMBERS_PER_PAGE; bit += 1) if (this.#at(bit)) this.#size += 1;
  }

  get size(): number {
    return this.#size;
  }

  has(idPart: string): boolean {
    return this.#at(this.#bit(idPart));
  }

  add(idPart: string): void {
    if (!this.has(idPart)) this.#flip(this.#bit(idPart), 1);
  }

  delete(idPart: string): void {
    if (this.has(idPart)) this.#flip(this.#bit(idPart), -1);
  }

  ids(): string[] {
    const ids: string[] = [];
    for (let bit = 0; bit < NUMBERS_PER_PAGE; bit += 1)
      if (this.#at(bit)) ids.push(String(this.#first + bit));
    return ids;
  }

  toValue(): unknown {
    return this.#bits.toString("base64");
  }

  #bit(idPart: string): number {
    return Number(idPart) - this.#first;
  }

  #at(bit: number): boolean {
    return ((this.#bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  #flip(bit: number, change: 1 | -1): void {
    this.#bits[bit >> 3] = (this.#bits[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    this.#size += change;
  }
}

class ListPage implements KeyListPage {
  readonly #ids: Set<string>;

  constructor(value: unknown) {
    if (value !== undefined && !isIds(value))
      throw new TypeError("A page of the key list is not a list of ids");
    this.#ids = new Set(value ?? []);
  }

  get size(): number {
    return this.#ids.size;
  }

  has(idPart: string): boolean {
    return this.#ids.has(idPart);
  }

  add(idPart: string): void {
    this.#ids.add(idPart);
  }

  delete(idPart: string): void {
    this.#ids.delete(idPart);
  }

  ids(): string[] {
    return [...this.#ids];
  }

  toValue(): unknown {
    return [...this.#ids];
  }
}

function isIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function asBits(value: unknown): Buffer {
  const bits = typeof value === "string" ? Buffer.from(value, "base64") : undefined;
  if (bits?.length !== NUMBERS_PER_PAGE / 8) throw new TypeError("A page of the key list is not a bitmap");
  return bits;
}
