/** How figures are written: in tables, and in the files with kept results. */
import { cpus } from "node:os";

/** A line of a Markdown table. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A figure in a table. */
export function figure(value: number | undefined, digits = 2): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A result with four digits of each figure, as it is kept. */
export function rounded<Value>(result: Value): Value {
  const round = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  return JSON.parse(JSON.stringify(result, round)) as Value;
}

/** When and where a result is taken. */
export function circumstances(): { readonly date: string; readonly machine: string } {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `Node ${process.versions.node}, ${cpus().length} cores, ${process.platform} ${process.arch}`,
  };
}
