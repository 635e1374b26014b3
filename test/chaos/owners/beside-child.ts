/**
 * A process beside the owner: runs `zpwoot keys` again and again, as the command does, each time with a store that it opens and closes.
 * `beside-child.ts <store>`; a line is `{"op":1,"args":["create","name","--role","viewer"]}`.
 */
import { createInterface } from "node:readline";
import { keysCommand } from "../../../src/cli/keys.js";

const [store = ""] = process.argv.slice(2);
createInterface({ input: process.stdin }).on("line", (line) => {
  const { op, args } = JSON.parse(line) as { readonly op: number; readonly args: readonly string[] };
  const lines: string[] = [];
  const answer = (ok: boolean, text: string): void =>
    void process.stdout.write(`${JSON.stringify({ op, ok, text })}\n`);
  keysCommand([...args, "--store", store], (printed) => lines.push(printed)).then(
    () => answer(true, lines.join("\n")),
    (error: unknown) => answer(false, String(error)),
  );
});
