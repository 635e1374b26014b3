/** The calls of `manager.contacts`. */
import { checkCallOptions, checkNumbersSchema } from "../api/call-input.js";
import type { CallOptions } from "../api/call-options.js";
import type { ContactsApi, NumberCheck, PictureOptions, ProfilePicture } from "../api/contacts.js";
import { checkInput } from "../api/validation.js";
import { ZpwootError } from "../errors.js";
import { aliasOf } from "../whatsapp/authorship/alias.js";
import { personOf, type Person } from "../whatsapp/authorship/person.js";
import { recipientJid } from "../whatsapp/recipient.js";
import type { Caller, OpenCall, Stanza } from "./caller.js";
import { askForNumbers, digitsOf } from "./number-query.js";
import { refusalNumber, type CallFacts } from "./refusals.js";
import { attr, childOf, childrenOf } from "./stanzas.js";

const SERVICE = "@s.whatsapp.net";
const MAX_BLOCKED = 5_000;
/** Hidden from this account, or not there. */
const NO_PICTURE: readonly (number | undefined)[] = [401, 404];

type BlockAction = "block" | "unblock";

/** See {@link ContactsApi}. */
export class Contacts implements ContactsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** See {@link ContactsApi.isOnWhatsApp}. */
  async isOnWhatsApp(
    id: string,
    phoneNumbers: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly NumberCheck[]> {
    const numbers = checkInput(checkNumbersSchema, "phone numbers", { phoneNumbers }).phoneNumbers.map(
      digitsOf,
    );
    const facts = { name: "contacts.isOnWhatsApp", about: "contact", changes: false } as const;
    return this.#call(id, facts, options, (call) => askForNumbers(call, numbers));
  }

  /** See {@link ContactsApi.profilePicture}. */
  async profilePicture(id: string, contact: string, options: PictureOptions = {}): Promise<ProfilePicture> {
    const jid = recipientJid(contact, "contact");
    checkCallOptions("contacts.profilePicture", options, "picture");
    const { size = "image", ...call } = options;
    const facts = { name: "contacts.profilePicture", about: "contact", changes: false } as const;
    // The library's: Baileys 7 adds the token of the chat, without which a private picture stays hidden.
    const pictureUrl = await this.#call(id, facts, call, ({ socket }) =>
      socket.profilePictureUrl(jid, size).catch((error: unknown) => {
        if (!NO_PICTURE.includes(refusalNumber(error))) throw error;
        return undefined;
      }),
    );
    return { jid, pictureUrl: pictureUrl ?? null };
  }

  /** See {@link ContactsApi.block}. */
  async block(id: string, contact: string, options: CallOptions = {}): Promise<void> {
    await this.#setBlock(id, contact, "block", options);
  }

  /** See {@link ContactsApi.unblock}. */
  async unblock(id: string, contact: string, options: CallOptions = {}): Promise<void> {
    await this.#setBlock(id, contact, "unblock", options);
  }

  /** See {@link ContactsApi.blocked}. */
  async blocked(id: string, options: CallOptions = {}): Promise<readonly string[]> {
    const facts = { name: "contacts.blocked", about: "account", changes: false } as const;
    const answer = await this.#call(id, facts, options, ({ query }) => query(blockQuery("get")));
    const items = childrenOf(childOf(answer, "list"), "item").slice(0, MAX_BLOCKED);
    return items.flatMap((item) => {
      const person = personOf(attr(item, "pn_jid"), attr(item, "jid"));
      return person?.pn ?? person?.lid ?? [];
    });
  }

  async #setBlock(id: string, contact: string, action: BlockAction, options: CallOptions): Promise<void> {
    const jid = recipientJid(contact, "contact", ["user"]);
    const facts = { name: `contacts.${action}`, about: "contact", changes: true } as const;
    await this.#call(id, facts, options, async (call) => {
      const item = itemFor(action, await bothAddresses(call, jid, facts.name));
      await call.query(blockQuery("set", [item]));
    });
  }

  #call<T>(
    id: string,
    facts: CallFacts,
    options: CallOptions,
    work: (call: OpenCall) => Promise<T>,
  ): Promise<T> {
    checkCallOptions(facts.name, options);
    return this.#caller.call(id, facts, options, work);
  }
}

function blockQuery(type: "get" | "set", content?: Stanza[]): Stanza {
  const attrs = { to: SERVICE, type, xmlns: "blocklist" };
  return content === undefined ? { tag: "iq", attrs } : { tag: "iq", attrs, content };
}

/**
 * WhatsApp lists people by their LIDs, and wants the phone number with a block. The method of whaileys sends what it is given; this
 * sends what that of Baileys 7 does, which needs to know both.
 */
function itemFor(action: BlockAction, { pn, lid }: Person): Stanza {
  const both = action === "block" && pn !== undefined && lid !== undefined;
  return { tag: "item", attrs: { action, jid: lid ?? pn ?? "", ...(both ? { pn_jid: pn } : {}) } };
}

/** A person with both addresses, as far as WhatsApp or the library knows them. Throws `NOT_ON_WHATSAPP`. */
async function bothAddresses(call: OpenCall, jid: string, name: string): Promise<Person> {
  const given = personOf(jid);
  if (given?.pn === undefined) {
    const pn = await aliasOf(call.socket, { pn: undefined, lid: jid });
    return { lid: jid, pn: personOf(pn)?.pn };
  }
  const [check] = await askForNumbers(call, [digitsOf(given.pn)]);
  if (check?.exists === true) return { pn: check.jid ?? given.pn, lid: check.lid ?? undefined };
  throw new ZpwootError("NOT_ON_WHATSAPP", `${name}: the number has no WhatsApp account`);
}
