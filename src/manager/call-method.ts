/** Calls methods of a manager by their names, for other nodes of a cluster. */
import { ZpwootError } from "../errors.js";

/** Calls `"get"`, or `"groups.create"`. Rejects as the method does, with `INVALID_INPUT` for one that does not exist. */
export async function callMethod(manager: object, path: string, args: readonly unknown[]): Promise<unknown> {
  const parts = path.split(".");
  const name = parts.pop() ?? "";
  const owner = parts.reduce<unknown>(
    (at, part) => (at as Record<string, unknown> | undefined)?.[part],
    manager,
  );
  const method = (owner as Record<string, unknown> | undefined)?.[name];
  if (typeof method !== "function") throw new ZpwootError("INVALID_INPUT", `There is no method "${path}"`);
  return (method as (...given: readonly unknown[]) => unknown).apply(owner, [...args]);
}
