/** What a session's proxy may be: its fields leave the process in the bytes of its protocol, so none may hold bytes that end a field. */
import * as z from "zod";
import type { ProxyConfig } from "./session-info.js";

/** A name or an address, nothing around it. */
const PROXY_HOST = /^[^\s/?#@\\[\]]+$/;
const PROXY_PORT = "proxy.port must be a whole number from 1 to 65535";
/** Line breaks and NUL end a field for SOCKS 4, and a command for whatever else listens on that port; no UTF-8 holds a lone surrogate. */
const UNSENDABLE = /\p{Cc}|\p{Surrogate}/u;
/** SOCKS 5 writes the length of each into one byte (RFC 1929, section 2); SOCKS 4 servers have no more room. */
const MAX_SOCKS_LOGIN_BYTES = 255;
/** A header of this size is taken by every HTTP proxy. */
const MAX_HTTP_LOGIN_BYTES = 4_096;

function isHost(host: string): boolean {
  return URL.canParse(`http://${host.includes(":") ? `[${host}]` : host}:1`);
}

/** What is wrong with a proxy's username or password, as a sentence without them, or undefined. */
export function proxyLoginProblem({ protocol, username, password }: ProxyConfig): string | undefined {
  const socks = protocol === "socks4" || protocol === "socks5";
  const maxBytes = socks ? MAX_SOCKS_LOGIN_BYTES : MAX_HTTP_LOGIN_BYTES;
  for (const [field, text] of Object.entries({ username, password })) {
    if (text === undefined) continue;
    if (UNSENDABLE.test(text)) return `proxy.${field} must be valid Unicode without control characters`;
    if (new TextEncoder().encode(text).length > maxBytes)
      return `proxy.${field} must be at most ${maxBytes} bytes${socks ? " for SOCKS" : ""}`;
  }
  return undefined;
}

/** A session's proxy, as `update` takes it. */
export const proxySchema = z
  .strictObject({
    host: z
      .string({ error: "proxy.host must be a name or an address" })
      .max(253, "proxy.host must be at most 253 characters")
      .regex(PROXY_HOST, "proxy.host must be a name or an address, without a scheme")
      .refine(
        (host) => !UNSENDABLE.test(host) && isHost(host),
        "proxy.host must be a name or an address, with the port in proxy.port",
      ),
    port: z.int({ error: PROXY_PORT }).min(1, PROXY_PORT).max(65_535, PROXY_PORT),
    username: z
      .string({ error: "proxy.username must be a string" })
      .min(1, "proxy.username should not be empty")
      .optional(),
    password: z.string({ error: "proxy.password must be a string" }).optional(),
    protocol: z
      .enum(["http", "https", "socks4", "socks5"], {
        error: "proxy.protocol must be one of the following values: http, https, socks4, socks5",
      })
      .optional(),
  })
  .superRefine((proxy, context) => {
    const refuse = (message: string): void => context.addIssue({ code: "custom", message });
    if (proxy.username === undefined && proxy.password !== undefined)
      refuse("proxy.username is needed beside proxy.password");
    const problem = proxyLoginProblem(proxy);
    if (problem !== undefined) refuse(problem);
  });
