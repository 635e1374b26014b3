/**
 * Keeps pages of other sites away from the admin calls. A browser runs them on the machine of whoever tests, where they reach every local
 * port: `Origin` and `Sec-Fetch-Site` tell whose page sends a request, and the name in `Host` whether the page only pretends to be of here
 * (DNS rebinding). Programs send none of these, and are not affected.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { Forbidden } from "./http.js";

/** Names that no server of the internet can answer for. */
const PRIVATE_SUFFIX = /\.(?:localhost|local|internal|test)$/u;

/** Throws {@link Forbidden} when the address that the request was made to is a name of the internet. */
export function checkHost({ headers: { host = "" } }: Pick<IncomingMessage, "headers">): void {
  const name = hostnameOf(host);
  if (isIP(name) !== 0 || !name.includes(".") || PRIVATE_SUFFIX.test(name)) return;
  throw new Forbidden(
    `The emulator does not answer under the name ${JSON.stringify(name.slice(0, 100))}; use its IP address, or localhost`,
  );
}

/** Throws {@link Forbidden} when the page of another site sends the request. */
export function checkOrigin({ headers }: Pick<IncomingMessage, "headers">): void {
  const { origin, host = "" } = headers;
  const site = headers["sec-fetch-site"];
  const isOwn = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  if (isOwn && (site === undefined || site === "same-origin" || site === "none")) return;
  throw new Forbidden("The emulator takes no calls from pages of other sites; open its own page");
}

function hostnameOf(host: string): string {
  const name = /^\[([^\]]*)\]|^[^:]*/u.exec(host.toLowerCase());
  return name?.[1] ?? name?.[0] ?? "";
}
