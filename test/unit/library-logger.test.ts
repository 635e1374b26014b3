import { describe, expect, it } from "vitest";
import { libraryLogger } from "../../src/whatsapp/library-logger.js";

function logged(write: (logger: ReturnType<typeof libraryLogger>) => void): readonly string[] {
  const lines: string[] = [];
  const at = (level: string) => (fields: object, text: string) =>
    void lines.push(`${level} ${text} ${JSON.stringify(fields)}`);
  const logger = {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  write(libraryLogger(logger, "s"));
  return lines;
}

const FIELDS = '{"sessionId":"s","from":"library"}';
const TEXT = "unexpected error in 'handling receipt'";

describe("the logger of a library", () => {
  it("passes on the text of an error, never its fields", () => {
    expect(logged((logger) => logger.error({ trace: "Error: secret" }, TEXT))).toEqual([
      `warn ${TEXT} ${FIELDS}`,
    ]);
  });

  it.each([
    ["of whaileys, closed", { trace: "Error: Connection Closed", output: { statusCode: 428 } }],
    ["of whaileys, reset", { trace: "Error: write ECONNRESET\n    at x", output: undefined }],
    [
      "of Baileys 7, closed",
      { err: Object.assign(new Error("Connection Closed"), { output: { statusCode: 428 } }) },
    ],
    ["of Baileys 7, a broken pipe", { err: new Error("write EPIPE") }],
  ])("takes an answer on a connection that was lost meanwhile for routine: %s", (_, fields) => {
    expect(logged((logger) => logger.error(fields, TEXT))).toEqual([`debug ${TEXT} ${FIELDS}`]);
  });
});
