/** Newsletters come to be, and get posts and reactions. Posts travel unencrypted. */
import { randomNumber } from "../context/random.js";
import { bytesOf, childOf, node, type BinaryNode } from "../wire/node.js";
import type { Account, LinkedDevice } from "./account.js";
import { newInviteCode } from "./group-changes.js";
import type { Network } from "./network.js";
import { Newsletter } from "./newsletters.js";

/** Creates a newsletter. */
export function createNewsletter(
  { context, newsletters }: Network,
  owner: Account,
  input: {
    readonly name: string;
    readonly description?: string | undefined;
    readonly followers?: Iterable<Account>;
  },
): Newsletter {
  const jid = `120363${String(randomNumber(context.random, 1e11, 1e12 - 1))}@newsletter`;
  const invite = newInviteCode(context);
  const newsletter = new Newsletter({
    ...{ followers: [], ...input, jid, owner, invite },
    creation: context.seconds,
  });
  newsletters.add(newsletter);
  return newsletter;
}

/** A linked device posts, or reacts: returns the number of the refusal, undefined when it is done. */
export function postFromDevice(
  network: Network,
  sender: LinkedDevice,
  stanza: BinaryNode,
): number | undefined {
  const newsletter = network.newsletters.find(stanza.attrs.to);
  if (newsletter === undefined) return 404;
  if (stanza.attrs.type === "reaction") return react(newsletter, sender.account, stanza);
  if (!newsletter.isRunBy(sender.account)) return 403;
  const content = bytesOf(childOf(stanza, "plaintext"));
  if (content === undefined) {
    sender.device.connection?.reportViolation("A post of a newsletter must be in plain text");
    return 400;
  }
  publish(network, newsletter, { id: stanza.attrs.id ?? "", content, except: sender.device.jid });
  return undefined;
}

function react(newsletter: Newsletter, account: Account, stanza: BinaryNode): number | undefined {
  const post = newsletter.post(Number(stanza.attrs.server_id));
  if (post === undefined) return 404;
  if (newsletter.role(account) === "GUEST") return 403;
  const code = childOf(stanza, "reaction")?.attrs.code;
  if (code === undefined || code === "") post.reactions.delete(account);
  else post.reactions.set(account, code);
  return undefined;
}

/** Brings a post to the owner and the followers: their phones, and their linked devices. */
export function publish(
  { context, router }: Network,
  newsletter: Newsletter,
  { id, content, except }: { readonly id: string; readonly content: Buffer; readonly except?: string },
): void {
  const { serverId } = newsletter.addPost({ id, content, timestamp: context.seconds });
  const attrs = {
    from: newsletter.jid,
    id,
    server_id: String(serverId),
    t: String(context.seconds),
    type: "text",
  };
  for (const account of newsletter.readers) {
    const fromMe = newsletter.isRunBy(account);
    account.phone.receivePost({ id, newsletter: newsletter.jid, content, fromMe });
    for (const device of account.devices.filter(({ jid }) => jid !== except))
      router.deliver(device, node("message", attrs, [node("plaintext", {}, content)]));
  }
}
