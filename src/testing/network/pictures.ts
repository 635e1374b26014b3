/** The pictures of accounts and groups: kept, stored on the media host, and announced. */
import { node } from "../wire/node.js";
import type { Account } from "./account.js";
import type { Group } from "./group.js";
import type { Network } from "./network.js";

/** A picture of one pixel, for tests that don't care which. */
export const ONE_PIXEL = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
  "base64",
);
const FOLDER = "t61.24694-24";

/** Gives an account or a group a picture, or takes it away; every linked client that may know is notified. */
export function changePicture(
  network: Network,
  owner: Account | Group,
  by: Account,
  bytes: Buffer | undefined,
): string | undefined {
  const { context, directory, media, router } = network;
  const holder = "members" in owner ? owner : owner.profile;
  // Another one each time, also within a second.
  const id = String(Math.max(context.seconds, Number(holder.picture?.id ?? 0) + 1));
  if (bytes === undefined) holder.picture = undefined;
  else {
    const { path } = media.put(bytes, by.jid, FOLDER);
    holder.picture = { id, bytes, path };
  }
  const attrs = { jid: owner.jid, author: by.jid };
  const change = bytes === undefined ? node("delete", attrs) : node("set", { ...attrs, id });
  const accounts = "members" in owner ? owner.members : directory.accounts;
  for (const device of accounts.flatMap(({ devices }) => devices))
    router.notify(device, { from: owner.jid, type: "picture" }, change);
  return holder.picture?.id;
}
