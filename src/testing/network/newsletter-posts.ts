/** Posts of newsletters. They travel unencrypted. */
import { bytesOf, childOf, node, type BinaryNode } from "../wire/node.js";
import type { LinkedDevice } from "./account.js";
import type { Network } from "./network.js";
import type { Newsletter } from "./newsletters.js";

/** A linked device posts: returns the number of the refusal, undefined when the post is on its way. */
export function postFromDevice(
  network: Network,
  sender: LinkedDevice,
  stanza: BinaryNode,
): number | undefined {
  const newsletter = network.newsletters.find(stanza.attrs.to);
  if (newsletter === undefined) return 404;
  if (newsletter.owner !== sender.account) return 403;
  const content = bytesOf(childOf(stanza, "plaintext"));
  if (content === undefined) {
    sender.device.connection?.reportViolation("A post of a newsletter must be in plain text");
    return 400;
  }
  publish(network, newsletter, { id: stanza.attrs.id ?? "", content, except: sender.device.jid });
  return undefined;
}

/** Brings a post to the owner and the followers: their phones, and their linked devices. */
export function publish(
  { context, router }: Network,
  newsletter: Newsletter,
  { id, content, except }: { readonly id: string; readonly content: Buffer; readonly except?: string },
): void {
  newsletter.posts += 1;
  const attrs = {
    from: newsletter.jid,
    id,
    server_id: String(newsletter.posts),
    t: String(context.seconds),
    type: "text",
  };
  for (const account of new Set([newsletter.owner, ...newsletter.followers])) {
    account.phone.receivePost({
      id,
      newsletter: newsletter.jid,
      content,
      fromMe: account === newsletter.owner,
    });
    for (const device of account.devices.filter(({ jid }) => jid !== except))
      router.deliver(device, node("message", attrs, [node("plaintext", {}, content)]));
  }
}
