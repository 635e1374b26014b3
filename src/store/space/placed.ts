/** Changes of keys, with ids as they are written in keys. */
import { type Encoded, encode } from "../codec.js";
import { checkedFamily, encodeIdPart } from "../keys.js";
import type { SpaceAddress } from "./key-list.js";
import type { SpaceEntry } from "./space-types.js";

/** A change of one key. */
export interface Placed extends SpaceAddress {
  readonly value: Encoded | null;
}

/** Serialises the value: changing it later changes nothing. */
export function placed({ family, id, value }: SpaceEntry): Placed {
  return {
    family: checkedFamily(family),
    idPart: encodeIdPart(id),
    value: value === null ? null : encode(value),
  };
}
