/** How large a machine has to be, from what a session and a message cost. */
import type { KeptResult } from "./rounds.js";

const SESSIONS = [50, 500, 5_000] as const;
const PER_MINUTE = [1, 10] as const;

/** A table for docs/performance.md; undefined while a row that it is made of was not measured. */
export function sizingTable(kept: Readonly<Record<string, KeptResult>>): string | undefined {
  const memory = mediansOf(kept["memory"], "zpwoot");
  const message = mediansOf(kept["receive-calm"], "zpwoot lmdb");
  const [process, rss, cpu] = [memory?.["process"], memory?.["rss"], message?.["cpu"]];
  if (process === undefined || rss === undefined || cpu === undefined) return undefined;
  const rows = SESSIONS.map((sessions) => {
    const megabytes = process + (sessions * rss) / 1_000;
    const shares = PER_MINUTE.map(
      (perMinute) => `${Number(((sessions * perMinute * cpu) / 600).toPrecision(2))} %`,
    );
    return `| ${sessions.toLocaleString("en")} | ${Math.ceil(megabytes / 10) * 10} MB | ${shares.join(" | ")} |`;
  });
  return [
    "| sessions | RAM | CPU at 1 message a minute each, of a core | at 10 |",
    "| ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}

function mediansOf(
  result: KeptResult | undefined,
  name: string,
): Readonly<Record<string, number>> | undefined {
  return result?.outcomes.find(({ contestant }) => contestant === name)?.medians;
}
