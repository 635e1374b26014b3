/** Makes the bus of a cluster and the routes over it. */
import { ZpwootError } from "../../errors.js";
import type { OpenRoutes } from "../open.js";
import { Post } from "./post.js";
import { ClusterRouter } from "./router.js";

/** See the head of this file. Throws `INVALID_OPTION` without a URL for the bus. */
export const openRoutes: OpenRoutes = ({ url }, host, owners) => {
  const { store, logger } = host;
  const post: Post = new Post({
    ...{ url: url ?? host.storeUrl ?? noUrl(), store, logger },
    isAlone: () => owners.nodes().length < 2,
    self: () => owners.nodeId,
    onMessage: (from, message) => router.onMessage(from, message),
  });
  const router = new ClusterRouter({ host, owners, post });
  return {
    ...{ hints: post, router, open: () => post.open(), renamed: () => post.renamed() },
    get redis() {
      return post.redis;
    },
  };
};

function noUrl(): never {
  const sentence =
    "cluster.url must name the server over which the nodes talk to each other, since the option store is no URL";
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}
