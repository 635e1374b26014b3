/** One Keyv that carries texts: what it stores is `{"value":<JSON>}`, Keyv's own form, and it never parses or judges it. */
import { Keyv } from "keyv";

const HEAD = '{"value":';
const TAIL = "}";

/** Begins every text that no JSON can begin with, so that the codec calls it corrupt. */
const FOREIGN = "!";

/** Where keys go in an adapter that others use as well. */
export interface KeyvPlace {
  /** Keyv's namespace, if the adapter had one. */
  readonly namespace?: string | undefined;
  /** What Keyv would put before each key. */
  readonly prefix: string;
}

/** No namespace, no prefix. */
export const ROOT_PLACE: KeyvPlace = { prefix: "" };

/**
 * A Keyv over an adapter. Prefixes are ours to add, because Keyv's own differ between `get` and `getMany`; errors throw;
 * what the adapter emits on its own goes to `onError`, since an unheard `error` event would end the process.
 */
export function createTextKeyv(
  adapter: object,
  place: KeyvPlace,
  onError: (error: unknown) => void,
): Keyv<string> {
  const keyv = new Keyv<string>({
    store: adapter,
    useKeyPrefix: false,
    throwOnErrors: true,
    serialize: ({ value }) => wrapText(value as string),
    deserialize: <Value>(stored: string) => ({ value: unwrapText(stored) as Value }),
  });
  keyv.namespace = place.namespace;
  keyv.on("error", onError);
  return keyv;
}

/** The stored form of a JSON text. */
export function wrapText(text: string): string {
  return HEAD + text + TAIL;
}

/** The JSON text of a stored form; of anything else a text that is no JSON. */
export function unwrapText(stored: string): string {
  if (!stored.startsWith(HEAD) || !stored.endsWith(TAIL)) return FOREIGN + stored;
  return stored.slice(HEAD.length, -TAIL.length);
}
