/** The QR code of a session in the forms that screens want, and a wait for the next one. */
import { drawQRCode } from "../../api/qr-image.js";
import type { QRCodeInfo } from "../../api/session-info.js";
import type { SessionsApi } from "../../api/sessions-api.js";
import { problem, RawResponse, HttpError } from "../protocol/message.js";
import { presentQRCode } from "../contract/responses.js";
import type { RouteInput } from "./sessions.js";

const FORMATS = ["json", "png", "svg", "dataurl"] as const;
type Format = (typeof FORMATS)[number];

const TYPES = {
  png: "image/png",
  svg: "image/svg+xml",
  dataurl: "text/plain; charset=utf-8",
} as const;

const MAX_WAIT_SECONDS = 60;

const IMAGE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/**
 * The answer of `qr`. Without a query it is the contract's, byte for byte. `?format=` or `Accept` ask for an image, `?wait=` (seconds)
 * waits for a code, `?seq=` for one after that of this number; with either the JSON has `seq` and `expiresAt` too.
 */
export async function answerQR(manager: SessionsApi, input: RouteInput): Promise<unknown> {
  const { id, query } = input;
  const format = formatOf(input);
  const after = numberIn(query, "seq", Number.MAX_SAFE_INTEGER);
  const waitSeconds = numberIn(query, "wait", MAX_WAIT_SECONDS);
  const info = await nextQR(manager, id, after ?? 0, waitSeconds ?? 0);
  if (format === "json") {
    const { seq, expiresAt } = info;
    const more = waitSeconds === undefined && after === undefined ? {} : { seq, expiresAt };
    return { ...presentQRCode(info), ...more };
  }
  if (info.qrCode === null) {
    throw new HttpError(
      problem(404, presentQRCode(info).message ?? "QR code not available yet", "Not Found"),
    );
  }
  return draw(info.qrCode, format);
}

async function draw(text: string, format: Exclude<Format, "json">): Promise<RawResponse> {
  const headers = { ...IMAGE_HEADERS, "content-type": TYPES[format] };
  return new RawResponse({ status: 200, headers, body: await drawQRCode(text, format) });
}

function formatOf({ query, header }: RouteInput): Format {
  const asked = query.get("format");
  if (asked === null) return formatAccepted(header("accept") ?? "");
  if ((FORMATS as readonly string[]).includes(asked)) return asked as Format;
  const rule = `format must be one of the following values: ${FORMATS.join(", ")}`;
  throw new HttpError(problem(400, [rule], "Bad Request"));
}

/** Only who asks for nothing but an image gets one: `*` and JSON are the contract's. */
function formatAccepted(accept: string): Format {
  const types = accept.split(",").map((type) => type.split(";")[0]?.trim().toLowerCase());
  if (types.some((type) => type === "application/json" || type === "*/*")) return "json";
  if (types.includes("image/svg+xml")) return "svg";
  return types.includes("image/png") || types.includes("image/*") ? "png" : "json";
}

function numberIn(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw new HttpError(problem(400, [`${name} must be a whole number from 0 to ${max}`], "Bad Request"));
}

/** The first code after the given number; what there is when the time is up, or when no code can come any more. */
async function nextQR(manager: SessionsApi, id: string, after: number, seconds: number): Promise<QRCodeInfo> {
  const endsAt = performance.now() + seconds * 1_000;
  for (;;) {
    // Listened for before it is looked: what happens between the two is not missed.
    const change = changeOf(manager, id, endsAt - performance.now());
    try {
      const info = await manager.getQRCode(id);
      const isNew = info.qrCode !== null && (info.seq ?? 0) > after;
      if (isNew || info.status !== "connecting" || performance.now() >= endsAt) return info;
      await change.happened;
    } finally {
      change.dispose();
    }
  }
}

/** Settles at the session's next event that may matter, or after the time. */
function changeOf(
  manager: SessionsApi,
  id: string,
  ms: number,
): { readonly happened: Promise<void>; dispose(): void } {
  let settle = (): void => {};
  const happened = new Promise<void>((resolve) => (settle = resolve));
  const listener = (event: { readonly sessionId: string }): void => {
    if (event.sessionId === id) settle();
  };
  const names = ["session.qr", "session.status", "session.deleted"] as const;
  for (const name of names) manager.on(name, listener);
  const timer = setTimeout(settle, Math.max(0, ms));
  return {
    happened,
    dispose: () => {
      clearTimeout(timer);
      for (const name of names) manager.off(name, listener);
    },
  };
}
