/**
 * Queries that are asked as JSON (`mex`). Each has a number instead of a name; the service has given some of them a new one since, and clients
 * use both.
 */
import type { Account } from "../../network/account.js";
import { createNewsletter } from "../../network/newsletter-posts.js";
import type { Newsletter } from "../../network/newsletters.js";
import { bytesOf, node } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

type Variables = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

/** A refusal, as the service puts it. */
class MexError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

interface MexQuery {
  readonly ids: readonly string[];
  /** What the answer is called; clients of different ages look for different names. */
  readonly paths: readonly string[];
  readonly answer: (query: Query, variables: Variables) => Answer;
}

/** A query about one newsletter. */
const about = (
  ids: readonly string[],
  paths: readonly string[],
  answer: (newsletter: Newsletter, query: Query, variables: Variables) => Answer,
): MexQuery => ({
  ids,
  paths,
  answer: (query, variables) =>
    answer(known(query.network.newsletters.find(textIn(variables, "newsletter_id"))), query, variables),
});

/** A query that only who runs the newsletter may ask. */
const byAdmin = (
  ids: readonly string[],
  paths: readonly string[],
  answer: (newsletter: Newsletter, query: Query, variables: Variables) => Answer,
): MexQuery =>
  about(ids, paths, (newsletter, query, variables) => {
    if (!newsletter.isRunBy(query.account)) throw new MexError(403, "Not Authorized");
    return answer(newsletter, query, variables);
  });

const MEX_QUERIES: readonly MexQuery[] = [
  { ids: ["8823471724422422", "6996806640408138"], paths: ["xwa2_newsletter_create"], answer: create },
  { ids: ["6563316087068696", "6620195908089573"], paths: ["xwa2_newsletter"], answer: metadata },
  byAdmin(["24250201037901610", "7150902998257522"], ["xwa2_newsletter_update"], update),
  byAdmin(["9783111038412085"], ["xwa2_newsletter_subscribers"], ({ followers }) => ({
    subscribers: { edges: [...followers].map(({ lid }) => ({ node: { id: lid }, role: "SUBSCRIBER" })) },
  })),
  about(
    ["24404358912487870", "7871414976211147"],
    ["xwa2_newsletter_join_v2", "xwa2_newsletter_follow"],
    (newsletter, { account }) => {
      if (!newsletter.isRunBy(account)) newsletter.followers.add(account);
      return described(newsletter, account);
    },
  ),
  about(
    ["9767147403369991", "7238632346214362"],
    ["xwa2_newsletter_leave_v2", "xwa2_newsletter_unfollow"],
    (newsletter, { account }) => {
      newsletter.followers.delete(account);
      newsletter.muted.delete(account);
      return described(newsletter, account);
    },
  ),
  about(["29766401636284406", "25151904754424642"], ["xwa2_newsletter_mute_v2"], (newsletter, { account }) =>
    described(mute(newsletter, account, true), account),
  ),
  about(["9864994326891137", "7337137176362961"], ["xwa2_newsletter_unmute_v2"], (newsletter, { account }) =>
    described(mute(newsletter, account, false), account),
  ),
  about(["7130823597031706"], ["xwa2_newsletter_admin"], ({ admins }) => ({ admin_count: admins.size + 1 })),
  byAdmin(["7341777602580933"], ["xwa2_newsletter_change_owner"], changeOwner),
  byAdmin(["6551828931592903"], ["xwa2_newsletter_demote"], demote),
  byAdmin(
    ["30062808666639665", "8316537688363079"],
    ["xwa2_newsletter_delete_v2"],
    (newsletter, { account, network }) => {
      if (newsletter.owner !== account) throw new MexError(403, "Not Authorized");
      network.newsletters.remove(newsletter);
      return { id: newsletter.jid, state: { type: "DELETED" } };
    },
  ),
  // Nobody is restricted here.
  {
    ids: ["23983697327930364"],
    paths: ["xwa2_fetch_account_reachout_timelock"],
    answer: () => ({ is_active: false, time_enforcement_ends: "0", enforcement_type: "DEFAULT" }),
  },
  {
    ids: ["24503548349331633"],
    paths: ["xwa2_message_capping_info"],
    answer: ({ context }) => ({
      ...{ ote_status: "NOT_ELIGIBLE", mv_status: "NOT_ELIGIBLE", capping_status: "NONE" },
      server_sent_timestamp: String(context.seconds),
    }),
  },
];

function mex(query: Query): void {
  const { child, connection, iq } = query;
  const asked = MEX_QUERIES.find(({ ids }) => ids.includes(child?.attrs.query_id ?? ""));
  if (asked === undefined) return connection.refuseUnknown(iq);
  const variables = variablesIn(bytesOf(child));
  if (variables === undefined) return refuse(query, 400, "bad-request");
  const content = Buffer.from(JSON.stringify(outcome(asked, query, variables)));
  reply(query, [node("result", {}, content)]);
}

function outcome({ answer, paths }: MexQuery, query: Query, variables: Variables): Answer {
  try {
    const made = answer(query, variables);
    return { data: Object.fromEntries(paths.map((path) => [path, made])) };
  } catch (error) {
    if (!(error instanceof MexError)) throw error;
    return { data: null, errors: [{ message: error.message, extensions: { error_code: error.status } }] };
  }
}

function variablesIn(bytes: Buffer | undefined): Variables | undefined {
  try {
    const { variables } = JSON.parse(bytes?.toString() ?? "") as { readonly variables?: unknown };
    return isRecord(variables) ? variables : undefined;
  } catch {
    return undefined;
  }
}

function create({ account, network }: Query, { input }: Variables): Answer {
  const name = textIn(input, "name") ?? "";
  if (name === "") throw new MexError(400, "Bad Request");
  const newsletter = createNewsletter(network, account, { name, description: textIn(input, "description") });
  return described(newsletter, account);
}

/** By its JID, or by the code of its link. */
function metadata({ account, network }: Query, { input }: Variables): Answer {
  const key = textIn(input, "key");
  const byInvite = textIn(input, "type") === "INVITE";
  const found = byInvite
    ? network.newsletters.all.find(({ invite }) => invite === key)
    : network.newsletters.find(key);
  return described(known(found), account);
}

function update(newsletter: Newsletter, { account }: Query, { updates }: Variables): Answer {
  newsletter.name = textIn(updates, "name") ?? newsletter.name;
  newsletter.description = textIn(updates, "description") ?? newsletter.description;
  const picture = textIn(updates, "picture");
  if (picture !== undefined) newsletter.picture = picture === "" ? undefined : Buffer.from(picture, "base64");
  return described(newsletter, account);
}

function mute(newsletter: Newsletter, account: Account, on: boolean): Newsletter {
  if (newsletter.role(account) === "GUEST") throw new MexError(403, "Not Authorized");
  if (on) newsletter.muted.add(account);
  else newsletter.muted.delete(account);
  return newsletter;
}

function changeOwner(newsletter: Newsletter, { account, network }: Query, variables: Variables): Answer {
  const next = known(network.directory.find(textIn(variables, "user_id")));
  if (newsletter.owner !== account) throw new MexError(403, "Not Authorized");
  newsletter.admins.add(account);
  newsletter.admins.delete(next);
  newsletter.owner = next;
  return described(newsletter, account);
}

function demote(newsletter: Newsletter, { account, network }: Query, variables: Variables): Answer {
  const admin = known(network.directory.find(textIn(variables, "user_id")));
  if (newsletter.owner !== account) throw new MexError(403, "Not Authorized");
  if (!newsletter.admins.delete(admin)) throw new MexError(404, "Not Found");
  newsletter.followers.add(admin);
  return described(newsletter, account);
}

function described(newsletter: Newsletter, account: Account): Answer {
  const { jid: id, name, description, invite, creation, picture, muted } = newsletter;
  const time = String(creation);
  const image = { id: picture === undefined ? "" : time, direct_path: "" };
  return {
    id,
    state: { type: "ACTIVE" },
    thread_metadata: {
      ...{ creation_time: time, handle: null, invite, verification: "UNVERIFIED" },
      name: { id: time, text: name, update_time: time },
      description: { id: time, text: description, update_time: time },
      picture: { ...image, type: "IMAGE" },
      preview: { ...image, type: "PREVIEW" },
      settings: { reaction_codes: { value: "ALL" } },
      subscribers_count: String(newsletter.readers.size),
    },
    viewer_metadata: { mute: muted.has(account) ? "ON" : "OFF", role: newsletter.role(account) },
  };
}

function known<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new MexError(404, "Not Found");
  return found;
}

function textIn(from: unknown, name: string): string | undefined {
  const value = isRecord(from) ? from[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The row for them. */
export const MEX_QUERY: QueryHandler = { xmlns: "w:mex", type: "get", child: "query", answer: mex };
