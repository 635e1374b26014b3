/** A user changes the phone number of the account: the LID stays, and contacts and groups are notified. */
import { node } from "../wire/node.js";
import type { Account } from "./account.js";
import type { Network } from "./network.js";

/** Gives an account another number. Its linked devices are unlinked, as their addresses have the old one. */
export function changeNumber(network: Network, account: Account, phoneNumber: string): void {
  const { directory, groups, router } = network;
  const old = account.jid;
  for (const device of account.devices) account.unlink(device, "phone");
  directory.renumber(account, phoneNumber);
  const { jid, lid } = account;
  for (const { phone } of directory.accounts) phone.readdress(old, jid);
  const modified = node("modify", { old, new: jid, old_lid: lid, new_lid: lid });
  for (const device of directory.accounts.flatMap(({ devices }) => devices))
    router.notify(device, { from: old, type: "contacts" }, modified);
  for (const group of groups.of(account)) {
    const change = node("modify", {}, [node("participant", { jid })]);
    for (const device of group.members.flatMap(({ devices }) => devices))
      router.notify(device, { from: group.jid, type: "w:gp2", participant: old }, change);
  }
}
