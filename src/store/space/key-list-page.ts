/**
 * Pages of a session's key list: which ids of one family exist. A page of numbers (pre-keys; `q.7`, the positions of an outbox) is a bitmap
 * of 1,024 ids; all other ids are listed on one of 64 pages, chosen by hash. So a new key rewrites one small record, and many new ones of a
 * queue the same one.
 */
import { createHash } from "node:crypto";

const NUMBERS_PER_PAGE = 1_024;
const HASHED_PAGES = 64;
/** A number, on its own or behind a letter. */
const NUMBER = /^(?:([a-z])\.)?(0|[1-9]\d{0,14})$/;

/** The name of the page of an id (as it is written in the key). */
export function pageOf(idPart: string): string {
  const [, letter = "", number] = NUMBER.exec(idPart) ?? [];
  return number === undefined
    ? hashedPage(idPart)
    : `n${Math.floor(Number(number) / NUMBERS_PER_PAGE)}${letter}`;
}

/** The names of the pages that may list an id: {@link pageOf}, and where earlier versions listed numbers behind a letter. */
export function pagesOf(idPart: string): readonly string[] {
  const name = pageOf(idPart);
  return idPart.charAt(1) === "." && name.startsWith("n") ? [name, hashedPage(idPart)] : [name];
}

/** Whether the page of that name holds numbers that are all below those of the other, as far as they count alike. */
export function isBefore(name: string, other: string): boolean {
  const [, number, letter] = NUMBERED.exec(name) ?? [];
  const [, next, otherLetter] = NUMBERED.exec(other) ?? [];
  return number !== undefined && letter === otherLetter && Number(number) < Number(next);
}

/** The name of a page of numbers: which one, and the letter in front of them. */
const NUMBERED = /^n(\d+)([a-z]?)$/;

function hashedPage(idPart: string): string {
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
  const [, number, letter] = NUMBERED.exec(name) ?? [];
  if (number === undefined) return new ListPage(value);
  return new NumberPage(Number(number), letter === "" ? "" : `${letter}.`, value);
}

class NumberPage implements KeyListPage {
  readonly #first: number;
  /** What stands in front of each number. */
  readonly #prefix: string;
  readonly #bits: Buffer;
  #size = 0;

  constructor(index: number, prefix: string, value: unknown) {
    this.#first = index * NUMBERS_PER_PAGE;
    this.#prefix = prefix;
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
      if (this.#at(bit)) ids.push(`${this.#prefix}${this.#first + bit}`);
    return ids;
  }

  toValue(): unknown {
    return this.#bits.toString("base64");
  }

  #bit(idPart: string): number {
    return Number(idPart.slice(this.#prefix.length)) - this.#first;
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
