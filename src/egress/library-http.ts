/**
 * The HTTP of the libraries, within bounds. whaileys and Baileys 6 take an axios adapter, Baileys 7 a `fetch` dispatcher. Both hand a body
 * over when it is complete: the libraries have no listener for the error of a stream, and one that breaks off would end the process.
 */
import type { Agent } from "node:http";
import { Readable } from "node:stream";
import { forwardAbort, withAnyOf } from "../async/forward-abort.js";
import { readAll, sendRequest, type IncomingAnswer, type OutgoingRequest } from "./http-request.js";
import { currentSending } from "../async/sending.js";
import { withMedia } from "./media-body.js";
import { downloadLimits, placeOf, uploadLimits, type MediaLimits } from "./media-limits.js";

/** The part of an axios request that is used. */
interface AxiosRequest {
  readonly url?: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly headers?: unknown;
  readonly responseType?: string;
  readonly validateStatus?: ((status: number) => boolean) | null;
}

/** The part of an axios response that is read. */
interface AxiosResponse {
  readonly data: unknown;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Record<string, string>;
  readonly config: AxiosRequest;
  readonly request: object;
}

/** The request that `fetch` passes to its dispatcher. */
interface DispatchOptions {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: unknown;
}

/** The callbacks of `fetch` for the response. */
interface DispatchHandler {
  onConnect(abort: (reason?: Error) => void): void;
  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: Buffer[]): void;
  onError(error: Error): void;
}

/** What a library takes as `options` for its HTTP requests. */
export interface LibraryHttp {
  readonly adapter: (config: AxiosRequest) => Promise<AxiosResponse>;
  readonly dispatcher: { dispatch(options: DispatchOptions, handler: DispatchHandler): boolean };
}

/** The HTTP of one session's library, through its agent; undefined for direct. */
export function libraryHttp(agent: Agent | undefined, media: MediaLimits): LibraryHttp {
  const way = { agent, signal: media.signal };
  return {
    adapter: (config) =>
      withAnyOf([media.signal, currentSending()?.signal], (signal) =>
        requested(config, media, agent, signal),
      ),
    dispatcher: {
      dispatch: (options, handler) => {
        const ending = new AbortController();
        const unlink = forwardAbort(media.signal, ending);
        handler.onConnect((reason) => ending.abort(reason));
        const request = { ...way, signal: ending.signal, limits: downloadLimits(media) };
        dispatch(options, handler, { request, media })
          .finally(unlink)
          .catch((error: unknown) =>
            handler.onError(error instanceof Error ? error : new Error(String(error))),
          );
        return true;
      },
    },
  };
}

async function requested(
  config: AxiosRequest,
  media: MediaLimits,
  agent: Agent | undefined,
  signal: AbortSignal,
): Promise<AxiosResponse> {
  const body = config.data as OutgoingRequest["body"] | null;
  const answer = await sendRequest({
    ...{ agent, signal, ...placeOf(config.url ?? "", media, { upload: body != null }) },
    method: (config.method ?? "get").toUpperCase(),
    headers: plainHeaders(config.headers),
    ...(body == null ? { limits: downloadLimits(media) } : { body, limits: uploadLimits(media) }),
  });
  if (body != null) return axiosResponse(config, answer, await readAll(answer));
  return withMedia(answer, media, (whole) => axiosResponse(config, answer, whole));
}

function axiosResponse(config: AxiosRequest, answer: IncomingAnswer, body: Buffer): AxiosResponse {
  const { status } = answer;
  const data =
    config.responseType === "stream"
      ? Readable.from([body])
      : config.responseType === "arraybuffer"
        ? body
        : body.toString();
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const),
  );
  const response = { data, status, statusText: "", headers, config, request: {} };
  const { validateStatus } = config;
  if (validateStatus == null || validateStatus(status)) return response;
  // As axios reports it: the libraries read `isAxiosError` and `response.status`. Without the request, which holds tokens.
  throw Object.assign(new Error(`Request failed with status code ${status}`), {
    ...{ name: "AxiosError", isAxiosError: true, status, response: { status, data: undefined } },
  });
}

async function dispatch(
  { origin, path, method, headers, body }: DispatchOptions,
  handler: DispatchHandler,
  {
    request,
    media,
  }: { readonly request: Omit<OutgoingRequest, "url" | "allowPrivate">; readonly media: MediaLimits },
): Promise<void> {
  if (body !== null && body !== undefined) throw new Error("only requests without a body can be sent");
  const place = placeOf(new URL(path, origin).href, media);
  // `fetch` follows redirects itself, through here.
  const limits = { ...request.limits, redirects: 0 };
  const answer = await sendRequest({ ...request, ...place, limits, method, headers: plainHeaders(headers) });
  const raw = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [Buffer.from(name, "latin1"), Buffer.from(one, "latin1")]),
  );
  await withMedia(answer, media, (whole) => {
    handler.onHeaders(answer.status, raw, () => {}, "");
    if (whole.length > 0) handler.onData(whole);
    handler.onComplete([]);
  });
}

/** Headers as axios (an object with `toJSON`), as fetch (a flat list) or as a plain object has them. */
function plainHeaders(headers: unknown): Record<string, string> {
  if (Array.isArray(headers)) {
    const flat = headers as readonly string[];
    return Object.fromEntries(
      flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""] as const] : [])),
    );
  }
  const fields = JSON.parse(JSON.stringify(headers ?? {})) as Record<
    string,
    string | number | boolean | null
  >;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === null || value === false ? [] : [[name, String(value)] as const],
    ),
  );
}
