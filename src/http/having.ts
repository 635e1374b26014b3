/** What the routes beyond the frozen eleven need of the manager; a test double may not have it all. */
import type { FullSessionsApi, SessionsApi } from "../sessions-api.js";
import { problem, Refusal } from "./plain.js";

type Extra = Omit<FullSessionsApi, keyof SessionsApi>;

/** The manager as one that has the member. Throws a {@link Refusal} with 501 when it has not. */
export function having<Name extends keyof Extra>(
  manager: SessionsApi,
  name: Name,
): SessionsApi & Pick<Extra, Name> {
  if ((manager as Partial<Extra>)[name] !== undefined) return manager as SessionsApi & Pick<Extra, Name>;
  throw new Refusal(problem(501, `This server's sessions have no ${name}`, "Not Implemented"));
}
