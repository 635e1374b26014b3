/** What a request brings its route: JSON, or a form whose file comes in while the route works. */
import type { Readable } from "node:stream";
import { refuseCrossSiteForm } from "./access/cross-site.js";
import { whileAllowed } from "./access/still-allowed.js";
import type { ParsedHttpOptions } from "./options.js";
import { readJson } from "./protocol/body.js";
import type { UploadForm } from "./protocol/form.js";
import type { HttpRequest } from "./protocol/message.js";
import type { Route, RouteInput, ServedSessions } from "./route.js";

/** What the caller would be refused with by now; undefined while it may go on. */
type Refusal = () => Promise<Error | undefined>;

/** The body of a request; with a form, the JSON that comes before its file. Close the form. */
export interface Received {
  readonly body: unknown;
  readonly form?: UploadForm;
}

const FORM = /^multipart\/form-data\s*(?:;|$)/i;
const NOTHING: Received = { body: undefined };

function isForm(request: HttpRequest): boolean {
  return FORM.test(request.header("content-type") ?? "");
}

/** Reads what the route needs before it can be called. Rejects with an `HttpError`. */
export async function receive(
  route: Route,
  request: HttpRequest,
  options: Pick<ParsedHttpOptions, "apiKeys" | "bodyLimitBytes">,
  refusal: Refusal,
): Promise<Received> {
  if (route.form !== undefined && isForm(request)) {
    refuseCrossSiteForm(request, options.apiKeys);
    // Loaded when the first form comes: few servers get any.
    const form = (await import("./protocol/form.js")).openForm(request);
    try {
      return { body: await whileAllowed(form.message, refusal), form };
    } catch (error) {
      form.close();
      throw error;
    }
  }
  if (route.request === undefined) return NOTHING;
  const limitBytes = Math.max(options.bodyLimitBytes, route.bodyLimitBytes ?? 0);
  return { body: await whileAllowed(readJson(request, limitBytes), refusal) };
}

/** Calls the route with what it received. */
export function call(
  route: Route,
  manager: ServedSessions,
  input: RouteInput,
  { form }: Received,
  refusal: Refusal,
): Promise<unknown> {
  if (form !== undefined && route.form !== undefined) {
    const { call: callForm } = route.form;
    return callWithFile(form, refusal, (file) => callForm(manager, input, file));
  }
  const work = route.call(manager, input);
  return route.lasts === true ? whileAllowed(work, refusal) : work;
}

/**
 * Settles as the call does, once the form is not read any more. What is wrong with the form comes before what the call made of that. While
 * the form comes in, its sender must stay allowed to send it.
 */
async function callWithFile<T>(
  form: UploadForm,
  refusal: Refusal,
  callForm: (file: Readable) => Promise<T>,
): Promise<T> {
  const work = callForm(form.file);
  const received = whileAllowed(form.ended, refusal).then(() => {
    if (form.failure !== undefined) throw form.failure;
    return work;
  });
  let result: T;
  try {
    result = await Promise.race([work, received]);
  } catch (error) {
    throw form.failure ?? error;
  }
  await form.drop();
  return result;
}
