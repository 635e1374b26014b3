/**
 * Keeps outgoing connections out of private networks (SSRF). Checks the address that a socket is about to connect to, not the name
 * in the URL: a name can resolve differently a moment later.
 */
import { lookup as systemLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { BlockList, isIP } from "node:net";
import type { LookupFunction } from "node:net";

/** Every IPv4 range that is not the public internet, and Azure's metadata address, which hides in a public range. */
const REFUSED_IPV4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** Where public IPv6 addresses are. 64:ff9b::/96 holds IPv4 addresses behind a NAT64, which are checked as such. */
const PUBLIC_IPV6 = [
  ["2000::", 3],
  ["64:ff9b::", 96],
] as const;

/** Inside those: protocol assignments with Teredo, documentation, 6to4 (which wraps any IPv4 address). */
const REFUSED_IPV6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const publicIPv6 = new BlockList();
const refused = new BlockList();
for (const [net, prefix] of PUBLIC_IPV6) publicIPv6.addSubnet(net, prefix, "ipv6");
for (const [net, prefix] of REFUSED_IPV6) refused.addSubnet(net, prefix, "ipv6");
for (const [net, prefix] of REFUSED_IPV4) {
  refused.addSubnet(net, prefix, "ipv4");
  refused.addSubnet(`64:ff9b::${net}`, 96 + prefix, "ipv6");
}

/** A target that must not be connected to. The message doesn't contain the address. */
export class TargetRefusedError extends Error {
  override readonly name = "TargetRefusedError";
  readonly code = "TARGET_REFUSED";

  constructor() {
    super("The target is not a public address");
  }
}

/**
 * Whether a text is an IP address on the public internet. Private, loopback, link-local, metadata, multicast, documentation
 * and reserved ranges are not, nor is any IPv6 form that wraps an IPv4 address of these.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/s, "");
  const family = isIP(bare);
  if (family === 4) return !refused.check(bare, "ipv4");
  if (family === 6) return publicIPv6.check(bare, "ipv6") && !refused.check(bare, "ipv6");
  return false;
}

/**
 * Whether a host is private by what is written: an address that is not public, or `localhost`. Takes a name or an address, also as
 * in the hostname of a URL. Resolves nothing: the address behind a name is checked when it is connected to.
 */
export function isPrivateHost(host: string): boolean {
  const literal = literalAddress(host);
  return literal === undefined ? /(^|\.)localhost\.?$/i.test(host) : !isPublicAddress(literal);
}

/** The IP address in a URL's hostname (the URL parser has normalised hex, octal and short forms); undefined for a name. */
function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

/**
 * A `lookup` for `net.connect` that fails with {@link TargetRefusedError} when any address of the name is not public.
 * All of them must be: a name with one private address is an attack or a mistake.
 */
export function guardedLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error !== null) return callback(error, found, family);
      const addresses: readonly LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 0 }] : found;
      const allPublic = addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
      if (!allPublic) return callback(new TargetRefusedError(), []);
      callback(null, found, family);
    });
  };
}
