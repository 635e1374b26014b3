/** What the admin calls say of an emulator. */
import type { VirtualGroup } from "../virtual-group.js";
import type { VirtualPhone } from "../virtual-phone.js";
import type { AdminContext } from "./call.js";

/** How many violations and unknown queries are shown each, the newest. */
const MAX_RECORDS = 100;

/** Everything but messages and stanzas. */
export function stateOf(context: AdminContext): unknown {
  const { url, connections, violations, unknownQueries, pendingPairingNumbers, groups } = context.emulator;
  return {
    url,
    phones: context.emulator.phones.map((phone) => phoneFacts(context, phone)),
    groups: groups.map(groupFacts),
    connections,
    pendingPairingNumbers,
    violations: violations.slice(-MAX_RECORDS),
    unknownQueries: unknownQueries.slice(-MAX_RECORDS),
  };
}

/** A phone without its messages. */
export function phoneFacts({ bans }: Pick<AdminContext, "bans">, phone: VirtualPhone): object {
  const { phoneNumber, name, jid, lid, companions, messages } = phone;
  const banned = bans.has(phone);
  return { phoneNumber, name, jid, lid, companions, messageCount: messages.length, banned };
}

/** A group. */
export function groupFacts({ jid, subject, members }: VirtualGroup): object {
  return { jid, subject, members };
}
