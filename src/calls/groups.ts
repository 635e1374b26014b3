/**
 * The calls of `manager.groups`. They are asked of WhatsApp in its own words rather than through the library's methods: those name a
 * member's phone number under other names in each library, drop the number of who could not be added, and Baileys 7's list emits an event of
 * every group each time.
 */
import { acceptInviteSchema, checkCallOptions, createGroupSchema } from "../api/call-input.js";
import { updateGroupSchema, updateParticipantsSchema } from "../api/call-input.js";
import type { CallOptions } from "../api/call-options.js";
import type {
  CreatedGroup,
  CreateGroupInput,
  GroupInfo,
  GroupInvite,
  GroupsApi,
  GroupSummary,
  JoinedGroup,
  ParticipantAction,
  ParticipantResult,
} from "../api/groups.js";
import { checkInput } from "../api/validation.js";
import { ZpwootError } from "../errors.js";
import { personOf, type Person } from "../whatsapp/authorship/person.js";
import { recipientJid } from "../whatsapp/recipient.js";
import type { Caller, OpenCall, Stanza } from "./caller.js";
import { groupIn, groupsIn, resultsOf } from "./group-answers.js";
import { refusalNumber, type CallFacts } from "./refusals.js";
import { attr, childOf, childrenOf } from "./stanzas.js";

const MAX_GROUPS = 5_000;
const ALL_GROUPS = "@g.us";
const INVITE_URL = "https://chat.whatsapp.com/";
/** WhatsApp's number for what is so already. */
const CONFLICT = 409;

/** See {@link GroupsApi}. */
export class Groups implements GroupsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** See {@link GroupsApi.list}. */
  async list(id: string, options: CallOptions = {}): Promise<readonly GroupSummary[]> {
    const parts = ["participants", "description"].map((tag) => ({ tag, attrs: {} }));
    const ask = groupQuery(ALL_GROUPS, "get", { tag: "participating", attrs: {}, content: parts });
    const groups = await this.#call(id, { name: "groups.list", about: "account" }, options, async (call) =>
      groupsIn(await call.query(ask), ownPerson(call)),
    );
    return groups.sort(newestFirst).slice(0, MAX_GROUPS);
  }

  /** See {@link GroupsApi.get}. */
  async get(id: string, group: string, options: CallOptions = {}): Promise<GroupInfo> {
    const jid = groupJid(group);
    const ask = groupQuery(jid, "get", { tag: "query", attrs: { request: "interactive" } });
    return this.#call(id, { name: "groups.get" }, options, async (call) =>
      required(groupIn(await call.query(ask), ownPerson(call)), "groups.get"),
    );
  }

  /** See {@link GroupsApi.create}. */
  async create(id: string, input: CreateGroupInput, options: CallOptions = {}): Promise<CreatedGroup> {
    const { subject, participants } = checkInput(createGroupSchema, "group", input);
    const asked = people(participants);
    return this.#change(id, { name: "groups.create", about: "account" }, options, async (call) => {
      const content = asked.map((jid) => ({ tag: "participant", attrs: { jid } }));
      const key = call.socket.generateMessageTag();
      const ask = groupQuery(ALL_GROUPS, "set", { tag: "create", attrs: { subject, key }, content });
      const answer = await call.query(ask);
      const group = required(groupIn(answer, ownPerson(call)), "groups.create");
      const answered = childrenOf(childOf(answer, "group"), "participant");
      return { ...group, results: resultsOf(asked, answered, "add") };
    });
  }

  /** See {@link GroupsApi.updateParticipants}. */
  async updateParticipants(
    id: string,
    group: string,
    action: ParticipantAction,
    participants: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly ParticipantResult[]> {
    const jid = groupJid(group);
    checkInput(updateParticipantsSchema, "participants", { action, participants });
    const asked = people(participants);
    const content = asked.map((person) => ({ tag: "participant", attrs: { jid: person } }));
    return this.#change(id, { name: "groups.updateParticipants" }, options, async (call) => {
      const answer = await call.query(groupQuery(jid, "set", { tag: action, attrs: {}, content }));
      return resultsOf(asked, childrenOf(childOf(answer, action), "participant"), action);
    });
  }

  /** See {@link GroupsApi.setSubject}. */
  async setSubject(id: string, group: string, subject: string, options: CallOptions = {}): Promise<void> {
    const jid = groupJid(group);
    const checked = checkInput(updateGroupSchema, "subject", { subject });
    const content = Buffer.from(checked.subject, "utf8");
    await this.#change(id, { name: "groups.setSubject" }, options, (call) =>
      call.query(groupQuery(jid, "set", { tag: "subject", attrs: {}, content })),
    );
  }

  /** See {@link GroupsApi.inviteCode}. */
  async inviteCode(id: string, group: string, options: CallOptions = {}): Promise<GroupInvite> {
    const ask = groupQuery(groupJid(group), "get", { tag: "invite", attrs: {} });
    return this.#call(id, { name: "groups.inviteCode" }, options, async ({ query }) =>
      inviteIn(await query(ask), "groups.inviteCode"),
    );
  }

  /** See {@link GroupsApi.revokeInviteCode}. */
  async revokeInviteCode(id: string, group: string, options: CallOptions = {}): Promise<GroupInvite> {
    const ask = groupQuery(groupJid(group), "set", { tag: "invite", attrs: {} });
    return this.#change(id, { name: "groups.revokeInviteCode" }, options, async ({ query }) =>
      inviteIn(await query(ask), "groups.revokeInviteCode"),
    );
  }

  /** See {@link GroupsApi.acceptInvite}. */
  async acceptInvite(id: string, codeOrUrl: string, options: CallOptions = {}): Promise<JoinedGroup> {
    const { code } = checkInput(acceptInviteSchema, "invitation", { code: codeOrUrl });
    const invite = { tag: "invite", attrs: { code } };
    const facts = { name: "groups.acceptInvite", about: "invite" } as const;
    return this.#change(id, facts, options, async ({ query }) => {
      const joined = query(groupQuery(ALL_GROUPS, "set", invite)).catch((error: unknown) => {
        if (refusalNumber(error) !== CONFLICT) throw error;
        // It is in the group already; only the invitation says which it is.
        return query(groupQuery(ALL_GROUPS, "get", invite));
      });
      const answer = await joined;
      const request = childOf(answer, "membership_approval_request");
      const group = request ?? childOf(answer, "group");
      const jid = attr(group, "jid") ?? attr(group, "id");
      return { id: groupJid(required(jid, facts.name)), pending: request !== undefined };
    });
  }

  #call<T>(
    id: string,
    { name, about = "group" }: Partial<CallFacts> & Pick<CallFacts, "name">,
    options: CallOptions,
    work: (call: OpenCall) => Promise<T>,
    changes = false,
  ): Promise<T> {
    checkCallOptions(name, options);
    return this.#caller.call(id, { name, about, changes }, options, work);
  }

  #change<T>(
    id: string,
    facts: Partial<CallFacts> & Pick<CallFacts, "name">,
    options: CallOptions,
    work: (call: OpenCall) => Promise<T>,
  ): Promise<T> {
    return this.#call(id, facts, options, work, true);
  }
}

function groupQuery(to: string, type: "get" | "set", child: Stanza): Stanza {
  return { tag: "iq", attrs: { to, type, xmlns: "w:g2" }, content: [child] };
}

/** With or without its server: events and logs of WhatsApp's have both. */
function groupJid(group: unknown): string {
  const isBare = typeof group === "string" && /^\d+(-\d+)?$/.test(group);
  return recipientJid(isBare ? `${group}${ALL_GROUPS}` : group, "group", ["group"]);
}

/** Each person once. */
function people(participants: readonly string[]): string[] {
  return [...new Set(participants.map((one) => recipientJid(one, "each value in participants", ["user"])))];
}

function ownPerson({ socket }: OpenCall): Person | undefined {
  return personOf(socket.user?.id, socket.user?.lid);
}

function newestFirst(a: GroupSummary, b: GroupSummary): number {
  return (b.createdAt ?? "").localeCompare(a.createdAt ?? "");
}

function inviteIn(answer: Stanza, name: string): GroupInvite {
  const inviteCode = required(attr(childOf(answer, "invite"), "code"), name);
  return { inviteCode, inviteUrl: `${INVITE_URL}${inviteCode}` };
}

/** An answer without what was asked for is a refusal that gives no number. */
function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new ZpwootError("WHATSAPP_REFUSED", `${name}: WhatsApp's answer does not hold what was asked for`);
}
