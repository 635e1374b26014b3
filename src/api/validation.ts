/**
 * What callers may send, as zod schemas, and the checks the engine and the HTTP adapter share. Message texts are those
 * of the contract: existing clients show them to people and compare them.
 */
import * as z from "zod";
import { ZpwootError } from "../errors.js";
import { API_KEY_ROLES, type CreateApiKeyInput } from "./api-keys.js";
import { hintFor } from "./check-options.js";
import { nameSchema } from "./names.js";
import { proxySchema } from "./proxy-input.js";
import type { CreateSessionInput, UpdateSessionInput } from "./session-info.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "./webhook-events.js";

const URL_INVALID = "webhookUrl must be a URL address";
const EVENT_UNKNOWN = `each value in webhookEvents must be one of the following values: ${WEBHOOK_EVENTS.join(", ")}`;
const PHONE_NUMBER_INVALID = "Phone number must be in international format (e.g., +5511999999999)";

/** The WHATWG parser takes `http:foo`, ` http://a `, backslashes and control characters too; a webhook URL must be written out. */
const WRITTEN_OUT_HTTP_URL = /^https?:\/\/[^\s/?#\\\p{Cc}\p{Surrogate}][^\s\\\p{Cc}\p{Surrogate}]*$/iu;
const PHONE_NUMBER = /^\+?[1-9]\d{1,14}$/;

function isHttpUrl(text: string): boolean {
  return WRITTEN_OUT_HTTP_URL.test(text) && URL.canParse(text);
}

/** The body of `POST /sessions/create`. Unknown fields are ignored, `null` counts as left out. */
export const createSessionSchema = z.object({
  name: nameSchema,
  webhookUrl: z.string({ error: URL_INVALID }).refine(isHttpUrl, URL_INVALID).nullish(),
  webhookEvents: z
    .array(z.enum(WEBHOOK_EVENTS, { error: EVENT_UNKNOWN }), { error: "webhookEvents must be an array" })
    .nullish(),
});

/** What names and values of headers may hold (RFC 9110); what is ours or the connection's can't be set. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const OWN_HEADER =
  /^(webhook-.*|content-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;
const MAX_HEADERS_LENGTH = 8_192;

/** Headers of a webhook. Their values are secrets mostly: no message quotes one. */
function headersSchema(field: string) {
  return z
    .record(z.string(), z.string(), { error: `${field} must be an object of strings` })
    .superRefine((headers, context) => {
      const refuse = (message: string): void => context.addIssue({ code: "custom", message });
      for (const [name, value] of Object.entries(headers)) {
        if (!HEADER_NAME.test(name)) refuse(`${field} must have valid header names`);
        else if (OWN_HEADER.test(name)) refuse(`${field} can't set ${name.toLowerCase()}`);
        if (!HEADER_VALUE.test(value))
          refuse(`${field} must have values without line breaks or control characters`);
      }
      const length = Object.entries(headers).reduce(
        (sum, [name, value]) => sum + name.length + value.length,
        0,
      );
      if (length > MAX_HEADERS_LENGTH)
        refuse(`${field} must be at most ${MAX_HEADERS_LENGTH} characters together`);
    });
}

/** A reference itself has a size. */
const MIN_BODY_BYTES = 1_024;
const MAX_BODY_INVALID = `maxBodyBytes must be a whole number from ${MIN_BODY_BYTES}, or null for any size`;

function endpointSchema(field: string) {
  const url = `${field}.url must be a URL address or null`;
  return z
    .strictObject({
      url: z.string({ error: url }).refine(isHttpUrl, url).nullable().optional(),
      events: z
        .array(z.enum(WEBHOOK_EVENTS, { error: EVENT_UNKNOWN.replace("webhookEvents", `${field}.events`) }), {
          error: `${field}.events must be an array`,
        })
        .optional(),
      enabled: z.boolean({ error: `${field}.enabled must be true or false` }).optional(),
      rotateSecret: z.boolean({ error: `${field}.rotateSecret must be true or false` }).optional(),
      headers: headersSchema(`${field}.headers`).optional(),
      maxBodyBytes: z
        .int({ error: `${field}.${MAX_BODY_INVALID}` })
        .min(MIN_BODY_BYTES, `${field}.${MAX_BODY_INVALID}`)
        .nullable()
        .optional(),
    })
    .nullable();
}

/** Names of further endpoints, short enough to be part of a key in the store. */
const ENDPOINT_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const ENDPOINT_NAME_INVALID =
  "endpoints must have names of 1 to 32 lower-case letters, digits and dashes that don't begin with a dash";

const endpointsSchema = z
  .record(z.string(), endpointSchema("endpoints.*"), { error: "endpoints must be an object" })
  .superRefine((endpoints, context) => {
    for (const name of Object.keys(endpoints)) {
      if (!ENDPOINT_NAME.test(name)) context.addIssue({ code: "custom", message: ENDPOINT_NAME_INVALID });
      if (name === "default")
        context.addIssue({ code: "custom", message: "endpoints.default is `webhook`: use that" });
    }
  });

/** What `update` takes. An unknown field is an error here: a misspelt one must not pass for done. */
export const updateSessionSchema = z.strictObject({
  webhook: endpointSchema("webhook").optional(),
  endpoints: endpointsSchema.optional(),
  proxy: proxySchema.nullable().optional(),
});

/** The body of `POST /sessions/:id/pair`. */
export const pairPhoneSchema = z.object({
  phoneNumber: z.string({ error: PHONE_NUMBER_INVALID }).regex(PHONE_NUMBER, PHONE_NUMBER_INVALID),
});

/** The body of `POST /sessions/api-keys`. An unknown field is an error: a misspelt `sessions` would make a key for all. */
export const createApiKeySchema = z
  .strictObject({
    name: nameSchema,
    role: z.enum(API_KEY_ROLES, {
      error: `role must be one of the following values: ${API_KEY_ROLES.join(", ")}`,
    }),
    sessions: z
      .array(z.string(), { error: "sessions must be an array of session ids" })
      .min(1, "sessions must name at least one session, or be left out for all")
      .max(1_000, "sessions must be at most 1000")
      .nullish(),
  })
  .refine(
    ({ role, sessions }) => role !== "admin" || !sessions,
    "sessions can't be limited for an admin, who may create and delete any",
  );

/**
 * Checks a value against a schema and returns what the schema makes of it. Throws `INVALID_INPUT` with one sentence per
 * broken rule in `details`, in the order of the fields; a rule that many elements of a list break is reported once.
 */
export function checkInput<Schema extends z.ZodType>(
  schema: Schema,
  what: string,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const details = [...new Set(parsed.error.issues.map((issue) => issue.message))];
  throw new ZpwootError("INVALID_INPUT", `Invalid ${what}: ${details.join("; ")}`, { details });
}

/** Whether a value is an object with fields; a list is not. */
export function isFields(input: unknown): input is object {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** The input of `create` as the engine uses it: what is null or unknown is gone. */
export interface NewSession extends Pick<CreateSessionInput, "name"> {
  readonly webhookUrl?: string;
  readonly webhookEvents?: readonly WebhookEventName[];
}

const CREATE_FIELDS = Object.keys(createSessionSchema.shape);

/**
 * Checks the names of the fields for `create`: a misspelt one must not pass for done. Over HTTP they are ignored, as the
 * contract has it. Throws `INVALID_INPUT`.
 */
export function checkCreateFields(input: object): void {
  const details = Object.keys(input)
    .filter((name) => !CREATE_FIELDS.includes(name))
    .map((name) => `${name} is not a field of a session${hintFor(name, CREATE_FIELDS)}`);
  if (details.length === 0) return;
  throw new ZpwootError("INVALID_INPUT", `Invalid session: ${details.join("; ")}`, { details });
}

/**
 * Checks the input of `create`. Throws `INVALID_INPUT` like {@link checkInput}; anything but an object breaks the rules
 * that an empty object breaks. Does not check whether the name is taken.
 */
export function validateCreateSession(input: unknown): NewSession {
  const fields = isFields(input) ? input : {};
  const { name, webhookUrl, webhookEvents } = checkInput(createSessionSchema, "session", fields);
  return {
    name,
    ...(webhookUrl ? { webhookUrl } : {}),
    ...(webhookEvents ? { webhookEvents } : {}),
  };
}

/** Checks the input of `update`. Throws `INVALID_INPUT` like {@link checkInput}. */
export function validateUpdateSession(input: unknown): UpdateSessionInput {
  return checkInput(updateSessionSchema, "update", input);
}

/** Checks the input of `apiKeys.create`. Throws `INVALID_INPUT` like {@link checkInput}. */
export function validateCreateApiKey(input: unknown): CreateApiKeyInput {
  return checkInput(createApiKeySchema, "API key", input);
}

/** A phone number as people write it, `+55 (11) 99999-9999`, without what separates its digits. Other values stay as they are. */
export function withoutSeparators(phoneNumber: unknown): unknown {
  return typeof phoneNumber === "string" ? phoneNumber.replace(/[\s().-]/g, "") : phoneNumber;
}

/** Checks that a phone number is in international format and returns it. Throws `INVALID_INPUT` like {@link checkInput}. */
export function validatePhoneNumber(value: unknown): string {
  return checkInput(pairPhoneSchema.shape.phoneNumber, "phone number", value);
}
