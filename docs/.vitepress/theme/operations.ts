/** The operations of an OpenAPI document in the form in which the HTTP reference shows and calls them. */

/** A parameter in the path, the query or a header. */
export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
}

/** A route. */
export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** A body to start from, with the fields that are required. */
  readonly body: string | undefined;
  readonly statuses: readonly string[];
  /** The schema of the answer. */
  readonly response: string;
}

/** Where a reader's server is. */
export interface Caller {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** What was typed into the fields of an operation, by their names; the body under `body`. */
export type Typed = Readonly<Record<string, string | undefined>>;

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface OperationObject {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content>>;
}

/** All operations of a document, in its order. */
export function operationsOf(document: { readonly paths: object }): Operation[] {
  const paths = Object.entries(document.paths) as [string, Record<string, OperationObject>][];
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(path, method, operation)),
  );
}

function operationOf(path: string, method: string, object: OperationObject): Operation {
  const { operationId, tags = [], summary = "", description = "", parameters = [], responses = {} } = object;
  const statuses = Object.keys(responses);
  const success = responses[statuses.find((status) => status.startsWith("2")) ?? ""];
  const body = schemaOf(object.requestBody);
  return {
    ...{ id: operationId, tag: tags[0] ?? "", method: method.toUpperCase(), path, summary, description },
    ...{ parameters, statuses },
    body: body === undefined ? undefined : JSON.stringify(sampleOf(body), null, 2),
    response: JSON.stringify(schemaOf(success) ?? success ?? {}, null, 2),
  };
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return content?.content?.["application/json"]?.schema;
}

/** A value that a schema allows, as short as possible. */
export function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const first = (schema.anyOf ?? schema.oneOf)?.[0];
  if (first !== undefined) return sampleOf(first);
  if (schema.properties !== undefined) {
    const names = schema.required ?? Object.keys(schema.properties).slice(0, 1);
    return Object.fromEntries(names.map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]));
  }
  switch (Array.isArray(schema.type) ? (schema.type as string[])[0] : schema.type) {
    case "array":
      return schema.items === undefined ? [] : [sampleOf(schema.items)];
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return true;
    case "object":
      return {};
    default:
      return "…";
  }
}

/** The request that an operation and what was typed make. */
export function requestOf(
  { method, path, parameters, body }: Operation,
  typed: Typed,
  { baseUrl, apiKey }: Caller,
): {
  readonly url: string;
  readonly init: { readonly method: string; headers: Record<string, string>; body?: string };
} {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(typed[name] ?? ""));
  const query = new URLSearchParams();
  const headers: Record<string, string> = apiKey === "" ? {} : { "X-API-Key": apiKey };
  for (const { name, in: place } of parameters) {
    const value = typed[name];
    if (value === undefined || value === "") continue;
    if (place === "query") query.set(name, value);
    if (place === "header") headers[name] = value;
  }
  // Not a URL object: while a reader types, the address is none yet.
  const url = `${baseUrl.replace(/\/+$/, "")}${filled}${query.size === 0 ? "" : `?${query.toString()}`}`;
  if (body === undefined) return { url, init: { method, headers } };
  headers["Content-Type"] = "application/json";
  return { url, init: { method, headers, body: typed["body"] ?? body } };
}

/** The same request for a shell. */
export function curlCommand(operation: Operation, typed: Typed, caller: Caller): string {
  const { url, init } = requestOf(operation, typed, { ...caller, apiKey: "" });
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const headers = Object.entries(init.headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const method = operation.method === "GET" ? [] : [`-X ${operation.method}`];
  const body = init.body === undefined ? [] : [`-d ${quoted(init.body)}`];
  return ["curl", ...method, '-H "X-API-Key: $API_KEY"', ...headers, ...body, quoted(url)].join(" ");
}
