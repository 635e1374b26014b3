/** Answers of the media host, right ones and wrong ones. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultAction } from "../../context/fault-actions.js";
import type { RandomBytes } from "../../signal/index.js";

const JSON_TYPE = { "content-type": "application/json" };
const BYTES_TYPE = { "content-type": "application/octet-stream" };
const PIECE_LENGTH = 16 * 1024;
/** How often a slow answer sends something, per second. */
const TICKS_PER_SECOND = 10;

/** Answers JSON. */
export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, JSON_TYPE).end(JSON.stringify(body));
}

/** Answers a status alone. */
export function answerStatus(response: ServerResponse, status: number): void {
  response.req.resume();
  response.writeHead(status, { "content-length": "0" }).end();
}

/** Answers a file, or the range of it that is asked for. */
export function answerBytes(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const range = rangeOf(request.headers.range, bytes.length);
  if (range === "invalid") {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const [from, to] = range ?? [0, bytes.length - 1];
  const part = bytes.subarray(from, to + 1);
  response.writeHead(range === undefined ? 200 : 206, {
    ...BYTES_TYPE,
    "accept-ranges": "bytes",
    "content-length": String(part.length),
    ...(range && { "content-range": `bytes ${from}-${to}/${bytes.length}` }),
  });
  response.end(request.method === "HEAD" ? undefined : part);
}

/** Answers bytes not as they are: cut, endless, spoilt, slow; with "silence" nothing at all. */
export function sendWrongly(
  action: FaultAction,
  response: ServerResponse,
  bytes: Buffer,
  random: RandomBytes,
): void {
  if (action === "silence") return;
  if (action === "endless") return sendForEver(response, bytes);
  const whole = { ...BYTES_TYPE, "content-length": String(bytes.length) };
  if (action === "garbage") {
    response.writeHead(200, whole).end(Buffer.from(random(bytes.length)));
  } else if (action === "corrupt") {
    const spoilt = Buffer.from(bytes);
    if (spoilt.length > 0) spoilt[0] = (spoilt[0] ?? 0) ^ 1;
    response.writeHead(200, whole).end(spoilt);
  } else if (action === "cut") {
    response.writeHead(200, whole);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.end());
  } else if (typeof action === "object" && "bytesPerSecond" in action) {
    response.writeHead(200, whole);
    sendSlowly(response, bytes, action.bytesPerSecond);
  }
}

function sendForEver(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, BYTES_TYPE);
  const piece = bytes.length === 0 ? Buffer.alloc(PIECE_LENGTH) : bytes;
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", more);
  more();
}

function sendSlowly(response: ServerResponse, bytes: Buffer, bytesPerSecond: number): void {
  const step = Math.max(1, Math.floor(bytesPerSecond / TICKS_PER_SECOND));
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, sent + step));
    sent += step;
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, 1000 / TICKS_PER_SECOND);
  response.once("close", () => clearInterval(timer));
}

/** The first and last byte asked for; undefined: all of them. */
function rangeOf(
  header: string | undefined,
  size: number,
): readonly [number, number] | undefined | "invalid" {
  const match = /^bytes=(\d+)-(\d*)$/u.exec(header ?? "");
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return from >= size || from > to ? "invalid" : [from, to];
}
