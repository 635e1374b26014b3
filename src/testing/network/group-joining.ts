/** How accounts come into a group by themselves: by an invitation, or by asking, where admins decide. */
import { ZpwootError } from "../../errors.js";
import { node } from "../wire/node.js";
import type { Account } from "./account.js";
import { notifyMembers, requireAdmin } from "./group-changes.js";
import type { Group } from "./group.js";
import type { Network } from "./network.js";

/** An account joins by an invitation. Throws `INVALID_INPUT` when it is in the group. */
export function joinGroup(network: Network, group: Group, account: Account): void {
  if (group.has(account))
    throw new ZpwootError(
      "INVALID_INPUT",
      `${account.phoneNumber} is in the group "${group.subject}" already`,
    );
  group.setRole(account, "member");
  notifyMembers(network, group, account, node("add", { reason: "invite" }, [group.participantNode(account)]));
}

/** An account joins by the code of a group; where admins decide, it asks. Returns whether it is in. Throws as {@link joinGroup} does. */
export function joinByCode(network: Network, group: Group, account: Account): boolean {
  if (!group.joinApproval || group.has(account)) {
    joinGroup(network, group, account);
    return true;
  }
  group.joinRequests.set(account, network.context.seconds);
  const request = node("requested_user", { jid: account.jid });
  const attrs = { request_method: "invite_link" };
  notifyMembers(network, group, account, node("created_membership_requests", attrs, [request]));
  return false;
}

/** An admin decides on a request. Returns false when the account had made none. Throws `INVALID_INPUT` for who is no admin. */
export function decideRequest(
  network: Network,
  group: Group,
  { by, account, approve }: { readonly by: Account; readonly account: Account; readonly approve: boolean },
): boolean {
  requireAdmin(group, by);
  if (!group.joinRequests.delete(account)) return false;
  if (approve) {
    group.setRole(account, "member");
    notifyMembers(network, group, by, node("add", {}, [group.participantNode(account)]));
  } else {
    const revoked = node("revoked_membership_requests", {}, [node("participant", { jid: account.jid })]);
    notifyMembers(network, group, by, revoked, [account]);
  }
  return true;
}
