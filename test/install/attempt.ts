/** Runs programs for `npm run try:install`, and says in a few words what became of them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a program to its end. Rejects when it does not end with 0. */
export const run = promisify(execFile);
/** The longest installation, in milliseconds. */
export const INSTALL_MS = 300_000;
const RUN_MS = 90_000;

/** Whether a program ends well and says what is expected; the end of what it said otherwise. */
export async function attempt(
  command: string,
  args: readonly string[],
  {
    cwd,
    expected = "",
    timeout = RUN_MS,
    env = {},
  }: { cwd: string; expected?: string; timeout?: number; env?: NodeJS.ProcessEnv },
): Promise<string> {
  const options = { cwd, timeout, env: { ...process.env, CI: "true", ...env }, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await run(command, args, options);
    return `${stdout}${stderr}`.includes(expected)
      ? "ok"
      : `no "${expected}" in: ${lastLines(stdout + stderr)}`;
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      message,
    } = error as { stdout?: string; stderr?: string; message: string };
    return lastLines(stderr + stdout) || message;
  }
}

/** The end of an output, in one line. */
export function lastLines(text: string): string {
  return text.trim().split("\n").slice(-12).join(" ⏎ ");
}
