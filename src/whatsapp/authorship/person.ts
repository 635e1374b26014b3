/** People by their addresses. One person has two: the phone number's JID and the LID. Messages name one of them, or both. */

/** The addresses of a person that are known, without devices. At least one is. */
export interface Person {
  /** A phone number's JID, or that of another kind of author, such as a channel. */
  readonly pn: string | undefined;
  readonly lid: string | undefined;
}

/** The servers of addresses that are other forms of an ordinary one. */
const ORDINARY: ReadonlyMap<string, string> = new Map([
  ["c.us", "s.whatsapp.net"],
  ["hosted", "s.whatsapp.net"],
  ["hosted.lid", "lid"],
]);

/** The address without device and agent; undefined if it is none. */
export function bareAddress(jid: string | null | undefined): string | undefined {
  // Of every address of every message: without splitting, and most are bare already.
  const at = jid?.indexOf("@") ?? -1;
  if (jid == null || at === -1) return undefined;
  const next = jid.indexOf("@", at + 1);
  const server = jid.slice(at + 1, next === -1 ? undefined : next);
  const end = userEnd(jid, at);
  if (end === 0 || server === "") return undefined;
  const ordinary = ORDINARY.get(server) ?? server;
  return end === at && next === -1 && ordinary === server ? jid : `${jid.slice(0, end)}@${ordinary}`;
}

/** Where the user ends: in front of `:<device>`, `_<agent>`, or the `@`. */
function userEnd(jid: string, at: number): number {
  for (let place = 0; place < at; place += 1) if (jid[place] === ":" || jid[place] === "_") return place;
  return at;
}

/** The person who has these addresses; undefined if none of them is one. */
export function personOf(...jids: readonly (string | null | undefined)[]): Person | undefined {
  const addresses = jids.map(bareAddress).filter((address) => address !== undefined);
  const lid = addresses.find(isLid);
  const pn = addresses.find((address) => !isLid(address));
  return lid === undefined && pn === undefined ? undefined : { pn, lid };
}

/** Whether two are the same person; undefined if one is known by phone number only and the other by LID only. */
export function isSame(a: Person, b: Person): boolean | undefined {
  const samePn = isEqual(a.pn, b.pn);
  const sameLid = isEqual(a.lid, b.lid);
  return samePn === true || sameLid === true || (samePn ?? sameLid);
}

function isEqual(a: string | undefined, b: string | undefined): boolean | undefined {
  return a === undefined || b === undefined ? undefined : a === b;
}

function isLid(address: string): boolean {
  return address.endsWith("@lid");
}
