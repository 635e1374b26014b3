/** Groups: what `manager.groups` takes and gives. */
import type { CallOptions } from "./call-options.js";

/** What a member may do beyond writing; null for a plain member. The `superadmin` made the group. */
export type GroupAdmin = "admin" | "superadmin" | null;

/** A group as `groups.list` gives it: without members and description. */
export interface GroupSummary {
  /** The group's JID, `…@g.us`. */
  readonly id: string;
  readonly subject: string;
  /** The JID of who made it; null when WhatsApp does not say. */
  readonly owner: string | null;
  /** ISO 8601 UTC; null when WhatsApp does not say. */
  readonly createdAt: string | null;
  /** How many members it has. */
  readonly size: number;
  /** Whether only admins may write. */
  readonly onlyAdminsWrite: boolean;
  /** Whether only admins may change the subject, the picture and the description. */
  readonly onlyAdminsEdit: boolean;
  /** Whether this account is an admin of it. */
  readonly isAdmin: boolean;
  /** Whether it is a community, which other groups belong to. */
  readonly isCommunity: boolean;
  /** The JID of the community that it belongs to; null for a group of its own. */
  readonly community: string | null;
}

/** A member of a group. */
export interface GroupParticipant {
  /** The JID of the phone number where WhatsApp shows it, else the LID. */
  readonly jid: string;
  /** The LID; null where WhatsApp does not say. */
  readonly lid: string | null;
  readonly admin: GroupAdmin;
}

/** A group as `groups.get` gives it. */
export interface GroupInfo extends GroupSummary {
  /** Null when it has none. */
  readonly description: string | null;
  /** In the order of WhatsApp; the first 5,000. */
  readonly participants: readonly GroupParticipant[];
}

/** What is to be done with members. */
export const PARTICIPANT_ACTIONS = ["add", "remove", "promote", "demote"] as const;

/** `promote` makes an admin of a member, `demote` a member of an admin. */
export type ParticipantAction = (typeof PARTICIPANT_ACTIONS)[number];

/** What became of one person whom a call names. */
export const PARTICIPANT_OUTCOMES = [
  /** It is done. */
  "done",
  /** It was a member before the call. */
  "already-member",
  /** It is no member, so there is nothing to remove, promote or demote. */
  "not-member",
  /** The number has no WhatsApp account. */
  "not-on-whatsapp",
  /** Its privacy settings let only an invitation reach it: send it the link of `groups.inviteCode`. */
  "invite-required",
  /** It left the group a short time ago, and can't be added again so soon. */
  "left-recently",
  /** WhatsApp does not let this account do that to it. */
  "not-allowed",
  /** The group has no room. */
  "group-full",
  /** Another refusal; `code` is WhatsApp's number. */
  "refused",
  /** WhatsApp's answer does not name it. `groups.get` shows who is in the group. */
  "unanswered",
] as const;

/** See {@link PARTICIPANT_OUTCOMES}. */
export type ParticipantOutcome = (typeof PARTICIPANT_OUTCOMES)[number];

/** What became of one person, in the order in which the call named them. */
export interface ParticipantResult {
  /** As the call named it, as a JID. */
  readonly jid: string;
  readonly outcome: ParticipantOutcome;
  /** WhatsApp's number: 200 when it is done; 0 when the answer does not name the person. */
  readonly code: number;
}

/** What `groups.create` takes. */
export interface CreateGroupInput {
  /** 1 to 100 characters. */
  readonly subject: string;
  /** Phone numbers or JIDs of the other members, at most 1,000. */
  readonly participants: readonly string[];
}

/** What `groups.create` gives. */
export interface CreatedGroup extends GroupInfo {
  /** What became of each person in `participants` of the input. */
  readonly results: readonly ParticipantResult[];
}

/** An invitation to a group. Who has the code can join: treat it like a password. */
export interface GroupInvite {
  readonly inviteCode: string;
  /** The same as a link. */
  readonly inviteUrl: string;
}

/** The group that an invitation led into. */
export interface JoinedGroup {
  /** The group's JID. */
  readonly id: string;
  /** Whether an admin has to let the account in first: it is not in the group yet. */
  readonly pending: boolean;
}

/**
 * The groups of a session's account. `group` is a group's JID, `participants` are phone numbers or JIDs.
 *
 * Every method rejects with `SESSION_NOT_FOUND`, with `SESSION_NOT_CONNECTED` when the session is not open, with `INVALID_INPUT` (a
 * sentence per wrong argument in `details`), and as WhatsApp refuses: `GROUP_NOT_FOUND`, `NOT_ALLOWED` (not in the group, or no admin),
 * `RATE_LIMITED`, `WHATSAPP_REFUSED`. Without an answer it rejects with `TIMEOUT` after 20 s, with `ABORTED` by the signal, and with
 * `CONNECTION_FAILED` when the connection ends meanwhile; of a change nobody knows then whether it was made.
 *
 * @example
 * const { id: group, results } = await manager.groups.create(id, {
 *   subject: "Order 4711",
 *   participants: ["+55 11 99999-9999"],
 * });
 * for (const { jid, outcome } of results) if (outcome !== "done") console.log(jid, outcome);
 */
export interface GroupsApi {
  /** Lists the groups that the account is in, the newest first; at most 5,000. */
  list(id: string, options?: CallOptions): Promise<readonly GroupSummary[]>;
  /** Returns one group with its members. */
  get(id: string, group: string, options?: CallOptions): Promise<GroupInfo>;
  /**
   * Makes a group, with this account as its superadmin. Settles with the group and what became of each person: one that can't be added
   * does not fail the call.
   */
  create(id: string, input: CreateGroupInput, options?: CallOptions): Promise<CreatedGroup>;
  /** Adds, removes, promotes or demotes members. Settles with one result per person, in the order given. */
  updateParticipants(
    id: string,
    group: string,
    action: ParticipantAction,
    participants: readonly string[],
    options?: CallOptions,
  ): Promise<readonly ParticipantResult[]>;
  /** Changes the subject, 1 to 100 characters. */
  setSubject(id: string, group: string, subject: string, options?: CallOptions): Promise<void>;
  /** Returns the current invitation. Needs an admin in most groups. */
  inviteCode(id: string, group: string, options?: CallOptions): Promise<GroupInvite>;
  /** Makes the current invitation invalid, and returns the new one. */
  revokeInviteCode(id: string, group: string, options?: CallOptions): Promise<GroupInvite>;
  /**
   * Joins a group by its code or link. Resolves as well when the account is in it already. Rejects with `INVITE_NOT_VALID`.
   */
  acceptInvite(id: string, codeOrUrl: string, options?: CallOptions): Promise<JoinedGroup>;
}
