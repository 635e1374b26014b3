/** What a setting of `zpwoot serve` is that has a flag and an environment variable. */
import type * as z from "zod";
import type { ServeConfig } from "./serve-config.js";

/** What is read, and what it means in a configuration. */
export interface Setting<Rule extends z.ZodType> {
  /** Without the dashes. */
  readonly flag: string;
  readonly env: string;
  readonly rule: Rule;
  /** What it does; the default in parentheses. */
  readonly help: string;
  /** The option of the configuration file that it sets. */
  readonly option: string;
  /** What a configuration file would say for the value. */
  readonly config: (value: z.output<Rule>) => ServeConfig;
  /** Whether the flag may stand alone. */
  readonly alone?: true;
  /** For the example of a `.env` file. */
  readonly example?: string;
}

/** Gives a setting its types. */
export function setting<Rule extends z.ZodType>(parts: Setting<Rule>): Setting<Rule> {
  return parts;
}
