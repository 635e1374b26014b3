/** All routes under `/sessions`: the eleven of the contract, and the others. */
import { handler } from "../../../lib/sessions";

/** Never at build time, never from a cache. */
export const dynamic = "force-dynamic";

const answer = (request: Request): Promise<Response> => handler().fetch(request);

export { answer as GET, answer as POST, answer as PATCH, answer as DELETE };
