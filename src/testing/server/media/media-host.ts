/** The media host: files are uploaded with a token and their hash, and downloaded by their path (docs/protocol.md). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FaultAction } from "../../context/fault-actions.js";
import { randomNumber } from "../../context/random.js";
import type { Network } from "../../network/network.js";
import { sha256 } from "../../wire/media-crypto.js";
import { answerBytes, answerJson, answerStatus, sendWrongly } from "./media-answers.js";

/** Where uploads go, by kind; the hash of the stored bytes comes last. */
const UPLOAD = /^\/(?:mms|product|newsletter|pps)\/(?:[\w-]+\/)*([\w-]+)$/u;
/** Where files are. */
const DOWNLOAD = /^\/(?:v|pps)\//u;
/** Largest file, in bytes. */
const MAX_UPLOAD_BYTES = 128 * 1024 * 1024;

/** What a media host needs of its ports. */
export interface MediaHostOptions {
  /** What clients have to trust, as PEM. */
  readonly certificate: () => string;
  /** The TCP connection that a request came on, below TLS if it came so. */
  readonly tcpOf: (request: IncomingMessage) => Socket;
}

/** Answers requests for media. */
export class MediaHost {
  readonly #network: Network;
  readonly #options: MediaHostOptions;

  constructor(network: Network, options: MediaHostOptions) {
    this.#network = network;
    this.#options = options;
  }

  /** Answers a request, and returns true; false when it is not about media. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { method = "GET" } = request;
    const url = new URL(request.url ?? "/", "http://media");
    if (method === "POST" && UPLOAD.test(url.pathname)) this.#upload(request, response, url);
    else if ((method === "GET" || method === "HEAD") && DOWNLOAD.test(url.pathname))
      this.#download(request, response, url);
    else if (method === "GET" && url.pathname === "/ca.pem")
      response.writeHead(200, { "content-type": "application/x-pem-file" }).end(this.#options.certificate());
    else return false;
    return true;
  }

  #upload(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const { media, context } = this.#network;
    const auth = url.searchParams.get("auth");
    const hash = UPLOAD.exec(url.pathname)?.[1] ?? "";
    const answer = (status: number, body: object): void => answerJson(response, status, body);
    const proceed = (): void => {
      const holder = media.holderOf(auth);
      if (holder === undefined) return this.#refuseAuth(request, response, auth);
      if (url.searchParams.get("token") !== hash) {
        this.#violation(request, holder, "The token of an upload is not the hash of what is uploaded");
        return answer(400, { error: "token" });
      }
      if (url.searchParams.has("resume")) return answer(200, this.#progressOf(hash));
      this.#receive(
        request,
        { hash, holder, offset: Number(url.searchParams.get("file_offset") ?? 0) },
        (status, body) => answer(status, { ...body, ...(status === 200 && this.#extrasOf(url)) }),
      );
    };
    const phoneNumber = media.phoneNumberOf(auth);
    const action = context.faults.take("media-upload", { phoneNumber })?.action;
    if (action === undefined) return proceed();
    this.#noteFault(request, "media-upload", media.holderOf(auth));
    this.#fail(action, response, { proceed, bytes: Buffer.from('{"url":"https://') });
  }

  #receive(
    request: IncomingMessage,
    { hash, holder, offset }: { readonly hash: string; readonly holder: string; readonly offset: number },
    answer: (status: number, body: object) => void,
  ): void {
    const { media, context } = this.#network;
    const before = media.partOf(hash).subarray(0, offset);
    const chunks: Buffer[] = [before];
    let size = before.length;
    let done = false;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_UPLOAD_BYTES && !done) {
        done = true;
        answer(413, { error: "too large" });
      }
      if (!done) chunks.push(chunk);
    });
    request.on("end", () => {
      if (done) return;
      done = true;
      const bytes = Buffer.concat(chunks);
      if (sha256(bytes).toString("base64url") !== hash.replace(/=+$/u, "")) {
        this.#violation(request, holder, "The bytes of an upload do not have the hash that it names");
        return answer(400, { error: "hash" });
      }
      media.keepPart(hash, undefined);
      const { path } = media.put(bytes, holder);
      context.events.emit("media-uploaded", { jid: holder, path, size: bytes.length });
      answer(200, this.#stored(path));
    });
    request.once("close", () => {
      if (!done) media.keepPart(hash, Buffer.concat(chunks));
    });
  }

  #download(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const { media, context } = this.#network;
    const file = media.find(url.pathname);
    const status = file === undefined ? 404 : file.expired;
    const proceed = (): void => {
      const served = file === undefined || status !== undefined ? undefined : file.bytes;
      if (served === undefined) answerStatus(response, status ?? 404);
      else answerBytes(request, response, served);
      context.events.emit("media-downloaded", { path: url.pathname, status: response.statusCode });
    };
    const action = context.faults.take("media-download")?.action;
    if (action === undefined) return proceed();
    this.#noteFault(request, "media-download", undefined);
    this.#fail(action, response, { proceed, bytes: file?.bytes ?? Buffer.alloc(0) });
  }

  /** The answer goes wrong as a fault rule says. */
  #fail(
    action: FaultAction,
    response: ServerResponse,
    { proceed, bytes }: { readonly proceed: () => void; readonly bytes: Buffer },
  ): void {
    if (typeof action === "object" && "delayMs" in action) {
      const delay = setTimeout(proceed, action.delayMs);
      response.once("close", () => clearTimeout(delay));
      return;
    }
    if (typeof action === "object" && "httpStatus" in action)
      return answerStatus(response, action.httpStatus);
    const tcp = this.#options.tcpOf(response.req);
    if (action === "reset") return void tcp.resetAndDestroy();
    if (action === "close") return void tcp.end();
    sendWrongly(action, response, bytes, this.#network.context.random);
  }

  #refuseAuth(request: IncomingMessage, response: ServerResponse, auth: string | null): void {
    request.resume();
    if (!this.#network.media.wasIssued(auth))
      this.#violation(request, undefined, "An upload has a token that was never issued");
    answerJson(response, 401, { error: "auth" });
  }

  #progressOf(hash: string): object {
    const { media } = this.#network;
    const whole = media.findByHash(hash);
    if (whole !== undefined) return { resume: "COMPLETE", ...this.#stored(whole.path) };
    return { resume: String(media.partOf(hash).length) };
  }

  #stored(path: string): object {
    return { url: `${this.#network.media.origin}${path}`, direct_path: path };
  }

  /** What more is answered about an upload of this kind: with these a client sets the photo of a business. */
  #extrasOf({ pathname }: URL): object {
    if (!pathname.includes("/biz-cover-photo/")) return {};
    const { random, seconds } = this.#network.context;
    const fbid = randomNumber(random, 1e14, 1e15);
    return { meta_hmac: Buffer.from(random(32)).toString("base64url"), fbid, ts: seconds };
  }

  #noteFault(request: IncomingMessage, at: "media-upload" | "media-download", jid: string | undefined): void {
    const clientPort = request.socket.remotePort ?? 0;
    this.#network.context.events.emit("fault", { connectionId: 0, jid, clientPort, at });
  }

  #violation(request: IncomingMessage, jid: string | undefined, problem: string): void {
    const clientPort = request.socket.remotePort ?? 0;
    this.#network.context.reportViolation({ connectionId: 0, jid, clientPort }, problem);
  }
}
