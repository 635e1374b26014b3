/**
 * The agent that a library is given for its uploads. Baileys 7 sends them with Node's `request`, adds up whatever is answered until a string
 * can't be longer (which ends the process), waits for ever for the rest of an answer that broke off, and leaves the file open that it failed
 * to send.
 */
import {
  Agent as PlainAgent,
  type Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
} from "node:http";
import { isIP } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { Agent, type AgentConnectOpts } from "agent-base";
import { DeadlineError } from "../async/deadline.js";
import { TooLargeError } from "./http-request.js";
import { currentSending } from "../async/sending.js";
import { boundInterim } from "./interim-answers.js";
import type { MediaHost } from "./media-host.js";

/** The bounds of an upload. */
export interface UploadBounds {
  /** The longest answer, in bytes. */
  readonly maxBytes: number;
  /** The whole, in milliseconds. */
  readonly totalMs: number;
}

/** Sends requests another agent's way, and makes whatever goes wrong with their answers an error of the request, where libraries listen. */
export class UploadAgent extends Agent {
  readonly #way: HttpAgent;
  readonly #bounds: UploadBounds;
  readonly #host: MediaHost | undefined;
  readonly #plain = new PlainAgent({ keepAlive: false });

  /** With a `host`, everything goes there, whichever host was named. */
  constructor(way: HttpAgent, bounds: UploadBounds, host?: MediaHost) {
    super({ keepAlive: false });
    this.#way = way;
    this.#bounds = bounds;
    this.#host = host;
  }

  /** Called by Node while the request is made, before its body is sent. */
  override createSocket(...args: Parameters<Agent["createSocket"]>): void {
    const [request] = args;
    boundAnswer(request, this.#bounds);
    request.on("pipe", (source: Readable) => endWith(request, source));
    super.createSocket(...args);
  }

  /** Called by `agent-base` for the connection of one request. */
  override connect(request: ClientRequest, options: AgentConnectOpts): HttpAgent | Promise<Duplex> | Duplex {
    if (this.#host === undefined) return this.#way;
    const { hostname, port, isSecure } = this.#host;
    const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    const servername = isIP(host) === 0 ? host : "";
    Object.assign(options, { host, port, servername, secureEndpoint: isSecure });
    if (this.#way instanceof Agent) return this.#way.connect(request, options) as Promise<Duplex>;
    return isSecure ? this.#way : this.#plain;
  }

  /** Ends the other agent. */
  override destroy(): void {
    this.#way.destroy();
    this.#plain.destroy();
    super.destroy();
  }
}

/** A file that is sent stays open when its request fails, unless it is destroyed. */
function endWith(request: ClientRequest, source: Readable): void {
  const end = (): void => void source.destroy();
  request.once("error", end);
  request.once("close", end);
}

function boundAnswer(request: ClientRequest, { maxBytes, totalMs }: UploadBounds): void {
  let [answered, failed] = [false, false];
  // Stays: an error that nobody hears ends the process.
  request.on("error", () => (failed = true));
  const fail = (error: Error): void => {
    if (failed) return;
    request.destroy(error);
    // After the status line Node tells only the listeners of the response, and the library has none.
    if (answered) request.emit("error", error);
  };
  const timer = setTimeout(() => fail(new DeadlineError("The media host", totalMs)), totalMs).unref();
  const { signal } = currentSending() ?? {};
  const giveUp = (): void => fail(new Error("The message was given up"));
  signal?.addEventListener("abort", giveUp);
  if (signal?.aborted === true) process.nextTick(giveUp);
  request.once("close", () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  });
  boundInterim(request, fail);
  request.once("response", (response: IncomingMessage) => {
    answered = true;
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(new TooLargeError(maxBytes));
    });
    response.once("close", () => {
      if (!response.complete) fail(new Error("The media host broke off its answer"));
    });
  });
}
