/** What the routes beyond the frozen eleven need of the manager; a test double may not have it all. */
import type { FullSessionsApi, SessionsApi } from "../../api/sessions-api.js";
import { problem, HttpError } from "./message.js";

type Extra = Omit<FullSessionsApi, keyof SessionsApi>;

/** The manager as one that has the member. Throws a {@link HttpError} with 501 when it has not. */
export function requireFeature<Name extends keyof Extra>(
  manager: SessionsApi,
  name: Name,
): SessionsApi & Pick<Extra, Name> {
  if ((manager as Partial<Extra>)[name] !== undefined) return manager as SessionsApi & Pick<Extra, Name>;
  throw new HttpError(problem(501, `This server's sessions have no ${name}`, "Not Implemented"));
}
