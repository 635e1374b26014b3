/** Queries about who waits to be let into a group, and those about communities, of which there are none. */
import { decideRequest } from "../../network/group-joining.js";
import { childOf, childrenOf, node } from "../../wire/node.js";
import { inGroup } from "./group-queries.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

function requests(query: Query): void {
  inGroup(query, (group, by) => {
    if (group.role(by) === "member") return refuse(query, 403, "forbidden");
    const waiting = [...group.joinRequests].map(([{ jid }, seconds]) =>
      node("membership_approval_request", {
        ...{ jid, request_method: "invite_link" },
        request_time: String(seconds),
      }),
    );
    reply(query, [node("membership_approval_requests", {}, waiting)]);
  });
}

function decide(query: Query): void {
  inGroup(query, (group, by) => {
    const action = childOf(query.child);
    if (action?.tag !== "approve" && action?.tag !== "reject") return refuse(query, 400, "bad-request");
    const approve = action.tag === "approve";
    const decided = childrenOf(action, "participant").map(({ attrs: { jid } }) => {
      const account = query.network.directory.find(jid);
      const done = account !== undefined && decideRequest(query.network, group, { by, account, approve });
      return node("participant", { jid, error: done ? undefined : "404" });
    });
    reply(query, [node("membership_requests_action", {}, [node(action.tag, {}, decided)])]);
  });
}

/** No group is a community: what is asked of one that is not there is refused so; of a group it is not modelled. */
function community(query: Query): void {
  const { connection, iq, network } = query;
  if (network.groups.find(iq.attrs.to) === undefined) return refuse(query, 404, "item-not-found");
  connection.refuseUnknown(iq);
}

/** The rows for them. */
export const MEMBERSHIP_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w:g2", type: "get", child: "membership_approval_requests", answer: requests },
  { xmlns: "w:g2", type: "set", child: "membership_requests_action", answer: decide },
  { xmlns: "w:g2", type: "set", child: "links", answer: community },
  { xmlns: "w:g2", type: "set", child: "unlink", answer: community },
  { xmlns: "w:g2", type: "get", child: "sub_groups", answer: community },
];
