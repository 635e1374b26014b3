/** A Keyv that carries texts. It stores them in Keyv's own form, `{"value":<JSON>}`, without parsing them. */
import { Keyv } from "keyv";

const HEAD = '{"value":';
const TAIL = "}";

/** Put before a text of another form: JSON can't start with it, so the codec finds the record corrupt. */
const OTHER_FORM = "!";

/** Where keys are stored in an adapter that is used for other things as well. */
export interface KeyvPlace {
  /** Keyv's namespace, if the adapter had one. */
  readonly namespace?: string | undefined;
  /** The text that Keyv would put before each key. */
  readonly prefix: string;
}

/** No namespace, no prefix. */
export const ROOT_PLACE: KeyvPlace = { prefix: "" };

/**
 * A Keyv over an adapter. The driver adds prefixes itself, because Keyv's own differ between `get` and `getMany`. Errors throw.
 * `error` events of the adapter go to `onError`; without a listener they would end the process.
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

/** The stored form of any text that was read: a condition may ask for a damaged record as it is. */
export function storedForm(text: string): string {
  return text.startsWith(OTHER_FORM) ? text.slice(OTHER_FORM.length) : wrapText(text);
}

/** The JSON text of a stored form; for anything else a text that is not JSON. */
function unwrapText(stored: string): string {
  if (!stored.startsWith(HEAD) || !stored.endsWith(TAIL)) return OTHER_FORM + stored;
  return stored.slice(HEAD.length, -TAIL.length);
}
