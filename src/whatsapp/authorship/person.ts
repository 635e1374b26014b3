/** People by their addresses. One person has two: the phone number's JID and the LID. Messages name one of them, or both. */

/** The addresses of a person that are known, without devices. At least one is. */
export interface Person {
  /** A phone number's JID, or that of another kind of author, such as a channel. */
  readonly pn: string | undefined;
  readonly lid: string | undefined;
}

/** The servers of addresses that are other forms of an ordinary one. */
const ORDINARY: Readonly<Record<string, string>> = {
  "c.us": "s.whatsapp.net",
  hosted: "s.whatsapp.net",
  "hosted.lid": "lid",
};

/** The address without device and agent; undefined if it is none. */
export function bareAddress(jid: string | null | undefined): string | undefined {
  const [name = "", server = ""] = (jid ?? "").split("@");
  const user = name.split(":")[0]?.split("_")[0] ?? "";
  return user === "" || server === "" ? undefined : `${user}@${ORDINARY[server] ?? server}`;
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
