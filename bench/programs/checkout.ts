/**
 * Sessions of zpwoot as a folder has it built, an older checkout for instance:
 * `checkout <folder> <emulator> <first number> <store> <socket or manager> [<URL of a webhook>]`.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as zpwoot from "../../src/index.js";
import { answerFor, quiet, type SendsWith } from "./manager-sessions.js";

const [folder = "", url = "", first = "", store = "", sendsWith = "socket", webhook = ""] =
  process.argv.slice(2);
// As far as the bench calls it, an older one has the same types.
const { SessionManager } = (await import(pathToFileURL(join(folder, "dist/index.js")).href)) as typeof zpwoot;

answerFor(new SessionManager(quiet(url, store)), {
  ...{ url, first: Number(first), webhook },
  sendsWith: sendsWith as SendsWith,
});
