/** The QR code of a session: as JSON or as an image, now or when the next one arrives. */
import { drawQRCode } from "../../api/qr-image.js";
import type { QRCodeInfo } from "../../api/session-info.js";
import type { QRCodeResponse } from "../contract/schemas.js";
import { toQRCodeResponse } from "../contract/responses.js";
import { badRequest, errorResponse, HttpError, RawResponse } from "../protocol/message.js";
import type { QueryParameter, RouteInput, ServedSessions } from "../route.js";

const FORMATS = ["json", "png", "svg", "dataurl"] as const;
type Format = (typeof FORMATS)[number];

const CONTENT_TYPES = {
  png: "image/png",
  svg: "image/svg+xml",
  dataurl: "text/plain; charset=utf-8",
} as const;

const MAX_WAIT_SECONDS = 60;

const IMAGE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** The parameters of the query. */
export const QR_QUERY: readonly QueryParameter[] = [
  {
    name: "format",
    description: "An image instead of JSON; the header `Accept` does the same",
    schema: { enum: FORMATS },
  },
  {
    name: "wait",
    description: "Seconds to wait for a code",
    schema: { type: "integer", minimum: 0, maximum: MAX_WAIT_SECONDS },
  },
  {
    name: "seq",
    description: "Wait for a code after the one with this number",
    schema: { type: "integer", minimum: 0 },
  },
];

/** How long `?wait=` asks to wait, in milliseconds, at most the allowed time. */
export function qrWaitMs(query: URLSearchParams): number {
  return Math.min(Number(query.get("wait")) || 0, MAX_WAIT_SECONDS) * 1_000;
}

/**
 * The call of `qr`. Without a query it returns the contract's body, byte for byte. `?format=` or `Accept` select an image,
 * `?wait=` (seconds) waits for a code, `?seq=` for the one after that number; with either of these the JSON has `seq` and
 * `expiresAt` too.
 */
export async function getQRCode(
  manager: ServedSessions,
  input: RouteInput,
): Promise<QRCodeResponse | RawResponse> {
  const { id, query } = input;
  const format = formatOf(input);
  const after = numberIn(query, "seq", Number.MAX_SAFE_INTEGER);
  const waitSeconds = numberIn(query, "wait", MAX_WAIT_SECONDS);
  const timeoutMs = (waitSeconds ?? 0) * 1_000;
  const info = await manager.getQRCode(id, { after: after ?? 0, timeoutMs, signal: input.signal });
  if (format !== "json") return toImage(info, format);
  if (waitSeconds === undefined && after === undefined) return toQRCodeResponse(info);
  return { ...toQRCodeResponse(info), seq: info.seq, expiresAt: info.expiresAt };
}

async function toImage(info: QRCodeInfo, format: Exclude<Format, "json">): Promise<RawResponse> {
  if (info.qrCode === null) {
    const message = toQRCodeResponse(info).message ?? "QR code not available yet";
    throw new HttpError(errorResponse(404, message, "Not Found"));
  }
  const headers = { ...IMAGE_HEADERS, "content-type": CONTENT_TYPES[format] };
  return new RawResponse({ status: 200, headers, body: await drawQRCode(info.qrCode, format) });
}

function formatOf({ query, header }: RouteInput): Format {
  const asked = query.get("format");
  if (asked === null) return acceptedFormat(header("accept") ?? "");
  const format = FORMATS.find((known) => known === asked);
  if (format !== undefined) return format;
  throw badRequest([`format must be one of the following values: ${FORMATS.join(", ")}`]);
}

/** An image only for a client that accepts nothing else: with `*` or JSON the contract's body is returned. */
function acceptedFormat(accept: string): Format {
  const types = accept.split(",").map((type) => type.split(";")[0]?.trim().toLowerCase());
  if (types.some((type) => type === "application/json" || type === "*/*")) return "json";
  if (types.includes("image/svg+xml")) return "svg";
  return types.includes("image/png") || types.includes("image/*") ? "png" : "json";
}

function numberIn(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw badRequest([`${name} must be a whole number from 0 to ${max}`]);
}
