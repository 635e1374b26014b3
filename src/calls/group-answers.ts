/** Groups and results as WhatsApp's answers have them, the same for every library. */
import type {
  GroupAdmin,
  GroupInfo,
  GroupParticipant,
  GroupSummary,
  ParticipantResult,
} from "../api/groups.js";
import type { ParticipantAction, ParticipantOutcome } from "../api/groups.js";
import { isSame, personOf, type Person } from "../whatsapp/authorship/person.js";
import type { Stanza } from "./caller.js";
import { attr, childOf, childrenOf, has, numberAttr, textOf } from "./stanzas.js";

/** As many members are listed at most; WhatsApp's largest groups have fewer. */
const MAX_PARTICIPANTS = 5_000;
const GROUP_SERVER = "@g.us";

/** A group of an answer; undefined when the answer holds none. `me` is the session's own account. */
export function groupIn(answer: Stanza | undefined, me: Person | undefined): GroupInfo | undefined {
  const group = childOf(answer, "group");
  return group === undefined ? undefined : groupOf(group, me);
}

/** The groups of an answer to `participating`. */
export function groupsIn(answer: Stanza, me: Person | undefined): GroupSummary[] {
  return childrenOf(childOf(answer, "groups"), "group").flatMap((node) => {
    const group = groupOf(node, me);
    if (group === undefined) return [];
    const { description: _, participants: __, ...summary } = group;
    return [summary];
  });
}

function groupOf(group: Stanza, me: Person | undefined): GroupInfo | undefined {
  const id = attr(group, "id") ?? attr(group, "jid");
  if (id === undefined) return undefined;
  const nodes = childrenOf(group, "participant").filter((node) => attr(node, "error") === undefined);
  const participants = nodes.slice(0, MAX_PARTICIPANTS).flatMap(participantOf);
  const own = me && participants.find(({ jid, lid }) => isSame(personOf(jid, lid) ?? me, me) === true);
  const creation = numberAttr(group, "creation");
  return {
    id: id.includes("@") ? id : `${id}${GROUP_SERVER}`,
    subject: attr(group, "subject") ?? "",
    description: textOf(childOf(childOf(group, "description"), "body")) ?? null,
    owner: jidsOf(group, "creator", "creator_pn")?.jid ?? null,
    createdAt: creation === undefined ? null : isoOf(creation),
    size: numberAttr(group, "size") ?? nodes.length,
    onlyAdminsWrite: has(group, "announcement"),
    onlyAdminsEdit: has(group, "locked"),
    isAdmin: own !== undefined && own.admin !== null,
    isCommunity: has(group, "parent"),
    community: attr(childOf(group, "linked_parent"), "jid") ?? null,
    participants,
  };
}

function isoOf(seconds: number): string | null {
  const time = new Date(seconds * 1_000);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

function participantOf(node: Stanza): GroupParticipant[] {
  const jids = jidsOf(node, "jid", "phone_number", "lid");
  if (jids === undefined) return [];
  return [{ ...jids, admin: adminOf(attr(node, "type")) }];
}

/** The addresses in some attributes: a phone number's JID where there is one. */
function jidsOf(node: Stanza, ...names: readonly string[]): { jid: string; lid: string | null } | undefined {
  const person = personOf(...names.map((name) => attr(node, name)));
  const jid = person?.pn ?? person?.lid;
  return jid === undefined ? undefined : { jid, lid: person?.lid ?? null };
}

function adminOf(type: string | undefined): GroupAdmin {
  return type === "admin" || type === "superadmin" ? type : null;
}

/**
 * What became of each person whom a call named. In a group that hides phone numbers WhatsApp names LIDs in its answer: a result is found by any of
 * its addresses, or by its place where the answer names as many as the call.
 */
export function resultsOf(
  asked: readonly string[],
  answered: readonly Stanza[],
  action: ParticipantAction,
): ParticipantResult[] {
  return asked.map((jid, index) => {
    const person = personOf(jid);
    const node =
      person && answered.find((one) => isSame(personIn(one) ?? { pn: "", lid: "" }, person) === true);
    const byPlace = answered.length === asked.length ? answered[index] : undefined;
    const found = node ?? (isUnknown(byPlace, jid) ? byPlace : undefined);
    if (found === undefined) return { jid, outcome: "unanswered", code: 0 };
    const code = numberAttr(found, "error") ?? DONE;
    return { jid, outcome: outcomeOf(code, action, found), code };
  });
}

const DONE = 200;

function personIn(node: Stanza): Person | undefined {
  return personOf(attr(node, "jid"), attr(node, "phone_number"), attr(node, "lid"));
}

/** Whether a node may be about a person although no address says so: each is named by another kind of address. */
function isUnknown(node: Stanza | undefined, jid: string): boolean {
  const [given, asked] = [node && personIn(node), personOf(jid)];
  return given !== undefined && asked !== undefined && isSame(given, asked) === undefined;
}

function outcomeOf(code: number, action: ParticipantAction, node: Stanza): ParticipantOutcome {
  switch (code) {
    case DONE:
      return "done";
    case 403:
      return has(node, "add_request") ? "invite-required" : "not-allowed";
    case 401:
    case 405:
      return "not-allowed";
    case 404:
      return action === "add" ? "not-on-whatsapp" : "not-member";
    case 408:
      return "left-recently";
    case 409:
      return action === "add" ? "already-member" : "refused";
    case 419:
      return "group-full";
    default:
      return "refused";
  }
}
