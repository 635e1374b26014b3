/** The answer of a proxy that does not let a connection through. */

/** A proxy answered, and refused. `status` is HTTP's, or the HTTP status that comes closest to what a SOCKS proxy said. */
export class ProxyRefusedError extends Error {
  override readonly name = "ProxyRefusedError";

  constructor(readonly status: number) {
    super(`The proxy refused the connection (${status})`);
  }
}
