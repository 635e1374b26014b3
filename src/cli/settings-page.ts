/** `npm run docs:settings`: writes the table of docs/configuration.md and examples/.env.example from the settings. */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { SETTINGS } from "./settings.js";

const PAGE = new URL("../../docs/configuration.md", import.meta.url);
const EXAMPLE = new URL("../../examples/.env.example", import.meta.url);
const [START, END] = ["<!-- settings -->", "<!-- settings: end -->"];

/** The table of settings, as Markdown. */
function table(): string {
  const rows = Object.values(SETTINGS).map(
    ({ flag, env, option, help }) =>
      `| \`--${flag}\` | \`${env}\` | ${option === "" ? "" : `\`${option}\``} | ${help.replaceAll("|", "\\|")} |`,
  );
  return ["| flag | variable | in the file | meaning (default) |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

/** A page with the table that the settings make. Throws when it has no place for it. */
export async function withSettings(page: string): Promise<string> {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the page has no ${START} … ${END}`);
  return format(`${page.slice(0, start)}${START}\n\n${table()}\n\n${page.slice(end)}`, {
    parser: "markdown",
    printWidth: 110,
  });
}

/** Every variable of `zpwoot serve`, as a `.env` file with nothing switched on. */
export function envExample(): string {
  const settings = Object.values(SETTINGS).map(
    ({ env, help, ...more }) => `# ${help}\n#${env}=${more.example ?? ""}\n`,
  );
  return [
    "# Settings of `zpwoot serve` (docs/configuration.md). Copy this to .env, take the # from what you set, then:",
    "#   node --env-file=.env node_modules/zpwoot/dist/cli/main.js serve",
    "# Keep the file out of version control: it holds secrets.\n",
    ...settings,
    "# passphrase of snapshots and exports, unless it is in a file\n#ZPWOOT_PASSPHRASE=\n",
  ].join("\n");
}

if (process.argv.includes("--write")) {
  await writeFile(PAGE, await withSettings(await readFile(PAGE, "utf8")));
  await writeFile(EXAMPLE, envExample());
}
