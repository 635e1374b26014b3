/**
 * What is generated in the pages, from the code: between `<!-- generated: NAME -->` and `<!-- generated: end -->`.
 * `generated.test.ts` compares, `npm run docs:tables` writes.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import { Registry } from "prom-client";
import { z } from "zod";
import { LOGGED_ENGINE_EVENTS } from "../../../src/api/events.js";
import { WEBHOOK_EVENTS } from "../../../src/api/webhook-events.js";
import { webhookDataSchemas } from "../../../src/events/payload-schemas.js";
import { defineClusterInstruments } from "../../../src/metrics/cluster-instruments.js";
import { defineInstruments } from "../../../src/metrics/instruments.js";
import { NOT_IN, STEPS } from "../../testing/steps/index.js";
import { ROOT } from "../pages.js";
import { commentOf, declarationOf, fieldsOf, typeText, type Field } from "./declarations.js";

/** The interfaces with options, in the order of the page. */
const OPTIONS = [
  ["new SessionManager(options)", "SessionManagerOptions", "manager/options.ts"],
  ["whatsapp", "WhatsAppOptions", "manager/options.ts"],
  ["whatsapp.linking", "LinkingOptions", "manager/options.ts"],
  ["whatsapp.checks", "ChecksOptions", "manager/options.ts"],
  ["reconnect", "ReconnectOptions", "manager/options.ts"],
  ["restore", "RestoreOptions", "manager/options.ts"],
  ["ownership", "OwnershipOptions", "ownership/ownership.ts"],
  ["cluster(options)", "ClusterOptions", "cluster/options.ts"],
  ["messages", "MessagesOptions", "api/messages.ts"],
  ["messages.pace", "PaceOptions", "api/messages.ts"],
  ["sentMessages", "SentMessagesOptions", "manager/options.ts"],
  ["media", "MediaOptions", "manager/options.ts"],
  ["webhooks", "WebhookOptions", "webhooks/options.ts"],
  ["eventLog", "EventLogOption", "manager/options.ts"],
  ["snapshots", "SnapshotsOption", "api/backup.ts"],
  ["tombstones", "TombstonesOption", "api/backup.ts"],
  ["connect(id, options)", "ConnectOptions", "api/sessions-api.ts"],
  ["pair(id, phoneNumber, options)", "PairOptions", "api/sessions-api.ts"],
  ["waitFor(id, status, options)", "WaitOptions", "api/sessions-api.ts"],
  ["sendMessage(id, to, content, options)", "SendMessageOptions", "api/messages.ts"],
  ["events(options)", "EventStreamOptions", "api/event-stream.ts"],
  ["createHttpHandler(manager, options)", "HttpHandlerOptions", "http/options.ts"],
  ["rateLimit", "RateLimitOptions", "http/access/rate-limits.ts"],
  ["createMetrics(manager, options)", "MetricsOptions", "metrics/metrics.ts"],
  ["new ZpwootClient(options)", "ZpwootClientOptions", "client/options.ts"],
  ["WhatsAppEmulator.start(options)", "EmulatorOptions", "testing/emulator-options.ts"],
] as const;

/** Each generated part of a page. */
const GENERATED: Readonly<Record<string, () => Promise<string>>> = {
  options: async () => OPTIONS.map(optionsSection).join("\n"),
  "engine events": async () => engineEvents(),
  "whatsapp events": async () => WEBHOOK_EVENTS.map(whatsAppEvent).join("\n"),
  metrics: metricsTable,
  decisions: decisionsList,
  steps: async () => stepsTable(),
};

const PART = /(<!-- generated: (.+) -->\n)[\s\S]*?(<!-- generated: end -->)/g;

/** The page with its generated parts as they should be. Throws for a part that does not exist. */
export async function withTables(page: string): Promise<string> {
  const texts = new Map<string, string>();
  for (const [, , name = ""] of page.matchAll(PART)) {
    const make = GENERATED[name];
    if (make === undefined) throw new Error(`There is no generated part "${name}"`);
    texts.set(name, await make());
  }
  const filled = page.replace(
    PART,
    (_, begin: string, name: string, end: string) => `${begin}\n${texts.get(name)}\n${end}`,
  );
  return texts.size === 0 ? page : format(filled, { parser: "markdown", printWidth: 110 });
}

/** A cell: no line break, no pipe, and nothing that the site would take for a tag. */
function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/</g, "&lt;").replace(/\n/g, " ");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text.replace(/\|/g, "\\|")}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function fieldRow({ name, type, optional, text }: Field): string[] {
  return [code(optional ? `${name}?` : name), code(typeText(type)), cell(text)];
}

function optionsSection([title, name, path]: (typeof OPTIONS)[number]): string {
  const declaration = declarationOf(name, path);
  if (declaration === undefined) throw new Error(`src/${path} exports no ${name}`);
  const rows = fieldsOf(declaration).map(fieldRow);
  return `## ${code(title)}\n\n${cell(commentOf(declaration))}\n\n${table(["option", "type", "meaning"], rows)}\n`;
}

function engineEvents(): string {
  const declaration = declarationOf("EngineEvents", "api/events.ts");
  if (declaration === undefined) throw new Error("src/api/events.ts exports no EngineEvents");
  const logged: readonly string[] = LOGGED_ENGINE_EVENTS;
  return fieldsOf(declaration)
    .map(({ name, type, text }) => {
      const streamed = logged.includes(name) ? "Also in `events()` and the streams over HTTP." : "";
      const head = `### ${code(name)}\n\n${cell(text)} ${streamed}`.trim();
      return `${head}\n\n${table(["field", "type", "meaning"], fieldsOf(type).map(fieldRow))}\n`;
    })
    .join("\n");
}

/** What the steps of `test/testing/steps` show, and the libraries that can't go one. */
function stepsTable(): string {
  const rows = STEPS.map(({ name, phone, client }, index) => {
    const without = Object.keys(NOT_IN).filter((library) => NOT_IN[library]?.includes(name) === true);
    const text = without.length === 0 ? name : `${name} (not in ${without.join(", ")})`;
    return [String(index + 1), cell(text), cell(phone), cell(client)];
  });
  return table(["", "a client", "the phones, or the service", "the client shows"], rows);
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
}

function whatsAppEvent(name: (typeof WEBHOOK_EVENTS)[number]): string {
  const schema = z.toJSONSchema(webhookDataSchemas[name]) as JsonSchema;
  return `### ${code(name)}\n\n\`\`\`text\n${shapeOf(schema, "")}\n\`\`\`\n`;
}

/** A schema as a reader writes a type down. */
function shapeOf(schema: JsonSchema, indent: string): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => shapeOf(each, indent)).join(" | ");
  if (schema.type === "array") return `[${shapeOf(schema.items ?? {}, indent)}, …]`;
  if (schema.type !== "object") return schema.type ?? "any";
  const inner = `${indent}  `;
  const fields = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const mark = schema.required?.includes(name) === true ? "" : "?";
    return `${inner}${name}${mark}: ${shapeOf(value, inner)},`;
  });
  const others = schema.additionalProperties;
  if (fields.length === 0 && typeof others === "object" && Object.keys(others).length > 0)
    return `{ [key]: ${shapeOf(others, indent)} }`;
  return fields.length === 0 ? "{ … }" : `{\n${fields.join("\n")}\n${indent}}`;
}

async function metricsTable(): Promise<string> {
  const registry = new Registry();
  defineInstruments(
    registry,
    () => Promise.resolve([]),
    () => undefined,
  );
  defineClusterInstruments(registry, () => undefined);
  const metrics = registry.getMetricsAsArray() as unknown as {
    name: string;
    help: string;
    type: string;
    labelNames: string[];
  }[];
  const rows = metrics
    .map(({ name, help, type, labelNames }) => [
      code(name),
      type,
      labelNames.map(code).join(", "),
      cell(help),
    ])
    .sort(([a = ""], [b = ""]) => a.localeCompare(b));
  return table(["metric", "kind", "labels", "what"], rows);
}

async function decisionsList(): Promise<string> {
  const folder = join(ROOT, "docs/decisions");
  const files = (await readdir(folder)).filter((file) => /^\d+.*\.md$/.test(file)).sort();
  const lines = files.map(async (file) => {
    const title = /^# (\d+)\. (.+)$/m.exec(await readFile(join(folder, file), "utf8"));
    return `${Number(title?.[1])}. [${title?.[2]}](${file})`;
  });
  return (await Promise.all(lines)).join("\n");
}
