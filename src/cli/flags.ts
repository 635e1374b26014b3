/** Parses the command line; an unknown flag is reported with the one that was probably meant. */
import { parseArgs } from "node:util";
import { hintFor } from "../api/check-options.js";
import { ZpwootError, messageOf } from "../errors.js";

/** The values of the command line by flag name, without the dashes. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** What a command accepts. */
export interface Accepted {
  /** Names of flags with a value, without the dashes. */
  readonly flags: readonly string[];
  /** Those of the flags that may stand alone, which means `true`: before what is neither `true` nor `false` nor a URL. */
  readonly switches?: readonly string[];
  /** How many arguments that are not flags. Default 0. */
  readonly positionals?: number;
}

/**
 * Splits the command line into flags and positional arguments.
 * @throws ZpwootError `INVALID_OPTION` for an unknown flag, a flag without a value, or an argument too many.
 */
export function parseFlags(
  args: readonly string[],
  { flags, switches = [], positionals = 0 }: Accepted,
): { readonly flags: Flags; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: "string" as const }]));
  const completed = args.map((arg, index) => {
    const isAlone = !/^(true|false)$|:\/\//.test(args[index + 1] ?? "");
    return switches.some((flag) => arg === `--${flag}`) && isAlone ? `${arg}=true` : arg;
  });
  try {
    const parsed = parseArgs({ args: completed, options, allowPositionals: positionals > 0, strict: true });
    const extra = parsed.positionals[positionals];
    if (extra !== undefined) throw new TypeError(`Unexpected argument ${JSON.stringify(extra)}`);
    return { flags: parsed.values, positionals: parsed.positionals };
  } catch (cause) {
    // Node's advice after the first sentence is about escaping, which is never what was meant.
    const [sentence = ""] = messageOf(cause).split(". ");
    const unknown = /^Unknown option '--([^']+)'/.exec(sentence)?.[1];
    const hint =
      unknown === undefined
        ? ""
        : hintFor(
            `--${unknown}`,
            flags.map((flag) => `--${flag}`),
          );
    throw new ZpwootError(
      "INVALID_OPTION",
      `${sentence}${hint}. See zpwoot help, or --help after a command`,
      { cause },
    );
  }
}
