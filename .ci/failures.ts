import { appendFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestSuite } from "vitest/node";

/**
 * A reporter for `.ci/run`: appends to the file `ZPWOOT_FAILURES` what made the run fail, so that the end of the output names it: failed tests, hooks that
 * failed before any test of theirs ran, and errors that nothing handled. The JSON report knows only the first.
 */
export default class Failures implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const lines = [
      ...modules.flatMap(failuresOf),
      ...unhandled.map((error) => `nothing handled: ${firstLines(error)}`),
    ];
    const file = process.env.ZPWOOT_FAILURES;
    if (file !== undefined && lines.length > 0) appendFileSync(file, `${lines.join("\n")}\n`);
  }
}

function failuresOf(module: TestModule): string[] {
  const told = (name: string, errors: readonly SerializedError[] = []) =>
    `${module.relativeModuleId}${name === "" ? "" : ` > ${name}`}: ${errors.map(firstLines).join("; ")}`;
  const hooks = (suite: TestModule | TestSuite, name: string) =>
    suite.errors().length === 0 ? [] : [told(name, suite.errors())];
  return [
    ...hooks(module, ""),
    ...[...module.children.allSuites()].flatMap((suite) => hooks(suite, suite.fullName)),
    ...[...module.children.allTests("failed")].map((test) => told(test.fullName, test.result().errors)),
  ];
}

/** The error's message and the first place of its stack, short enough to be read at the end of a long output. */
function firstLines({ message, stack }: SerializedError): string {
  const place = stack?.split("\n").find((line) => line.includes("at "));
  return `${message.slice(0, 500)}${place === undefined ? "" : ` (${place.trim()})`}`;
}
