/** The address of a client behind reverse proxies, and the form in which addresses are counted. */
import { BlockList, isIP, SocketAddress } from "node:net";

/**
 * Which proxies are believed in what they write into `X-Forwarded-For`, as in Express: a number of hops, or addresses and CIDRs
 * (`loopback`, `linklocal` and `uniquelocal` are names for the private ones), as a list or separated by commas. `true` believes
 * everyone: the first address of the header, which a client may write itself. `false` believes nobody.
 */
export type TrustProxy = boolean | number | string | readonly string[];

/** Whether what stands at an address is believed; `hop` 0 is the other end of the connection. */
export type IsTrusted = (address: string | undefined, hop: number) => boolean;

/** The names that Express knows. */
const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.1/8", "::1/128"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/** Returns the check of a setting; undefined for a setting that is none. */
export function parseTrustProxy(setting: TrustProxy): IsTrusted | undefined {
  if (typeof setting === "boolean") return () => setting;
  if (typeof setting === "number")
    return Number.isInteger(setting) && setting >= 0 ? (_address, hop) => hop < setting : undefined;
  const parts = (typeof setting === "string" ? setting.split(",") : setting).map((part) => part.trim());
  const ranges = parts.flatMap((part) =>
    Object.hasOwn(NAMED_RANGES, part) ? (NAMED_RANGES[part] ?? []) : [part],
  );
  const list = new BlockList();
  if (ranges.length === 0 || !ranges.every((range) => addRange(list, range))) return undefined;
  return (address) => address !== undefined && list.check(address, familyOf(address));
}

function addRange(list: BlockList, range: string): boolean {
  const [network = "", bits, ...others] = range.split("/");
  const version = isIP(network);
  const longest = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (version === 0 || others.length > 0 || prefix > longest) return false;
  list.addSubnet(network, prefix, familyOf(network));
  return true;
}

/**
 * The address of the client: from the connection's peer through `X-Forwarded-For`, from its end, as far as each hop is trusted. Stops
 * at what is no address. Undefined if not even the peer is known.
 */
export function clientAddressOf(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: IsTrusted,
): string | undefined {
  let address = peer === undefined ? undefined : normalAddress(peer);
  let end = forwardedFor?.length ?? 0;
  for (let hop = 0; end > 0 && isTrusted(address, hop); hop++) {
    const comma = forwardedFor?.lastIndexOf(",", end - 1) ?? -1;
    const before = normalAddress(forwardedFor?.slice(comma + 1, end) ?? "");
    if (before === undefined) return address;
    address = before;
    end = comma;
  }
  return address;
}

/**
 * The form of an address that counts as one client. IPv6 as its first 64 bits: a customer gets at least so many, and walks through them
 * at will. What is no address counts as it is spelled: the host's own `clientAddress` may return anything.
 */
export function addressBucket(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const normal = normalAddress(address);
  if (normal === undefined) return address.trim().slice(0, MAX_NAME_LENGTH);
  return isIP(normal) === 4 ? normal : `${firstFourGroups(normal)}::/64`;
}

const MAX_NAME_LENGTH = 100;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const IPV4_WITH_PORT = /^(\d+\.\d+\.\d+\.\d+):\d+$/;
const IPV6_IN_BRACKETS = /^\[([^\]]*)\](?::\d+)?$/;

/** The one spelling of an address, without its port and zone; an IPv4 address in IPv6 form as IPv4. Undefined if it is no address. */
function normalAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = IPV4_WITH_PORT.exec(trimmed)?.[1] ?? IPV6_IN_BRACKETS.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.replace(/%.*$/, "");
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const normal = new SocketAddress({ address, family: "ipv6" }).address;
  return MAPPED_IPV4.exec(normal)?.[1] ?? normal;
}

/** Of an IPv6 address in its normal spelling. */
function firstFourGroups(address: string): string {
  const [before = "", after] = address.split("::");
  const [left, right] = [groupsOf(before), groupsOf(after ?? "")];
  const zeros = after === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: Math.max(0, zeros) }, () => "0"), ...right].slice(0, 4).join(":");
}

/** An IPv4 tail, as in `64:ff9b::10.0.0.1`, takes two groups; the first four are never among them. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
