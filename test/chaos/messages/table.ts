/** What `npm run chaos:messages` prints: a row for each store, library and direction. */
import type { MessageFigures } from "../../support/message-run.js";
import type { SendFigures } from "../../support/send-run.js";

/** One run. */
export interface Row {
  readonly store: string;
  readonly library: string;
  readonly direction: string;
  readonly kills: number;
  /** Kills while messages were under way. */
  readonly amid: number;
  readonly messages: number;
  /** In: acknowledged, and not delivered. Out: not on both phones. */
  readonly lost: number;
  readonly outOfOrder: number;
  /** In: messages under two event ids. */
  readonly doubleIds?: number;
  /** Out: on a phone more than once. */
  readonly sentTwice?: number;
  /** Out: keys whose answers differ. */
  readonly disagreeing?: number;
  readonly seconds: number;
  /** How many messages of its round were acknowledged at each kill. */
  readonly acknowledged?: readonly number[];
  /** All of it and whatever else was wrong, a line each: empty when everything holds. */
  readonly wrong: readonly string[];
}

/** Where and how a run was. */
export type Place = Pick<Row, "store" | "library" | "direction" | "seconds">;

/** The row of a run in. */
export function receivedRow(place: Place, figures: MessageFigures): Row {
  const { sent, kills, amid, lost, outOfOrder, doubled, missing, invented, odd } = figures;
  return {
    ...place,
    ...{ kills, amid, messages: sent, lost: lost.length, outOfOrder: outOfOrder.length },
    ...{ doubleIds: doubled.length, acknowledged: figures.acknowledged },
    wrong: listed({ lost, missing, outOfOrder, doubled, invented, odd }),
  };
}

/** The row of a run out. */
export function sentRow(place: Place, figures: SendFigures): Row {
  const { sent, kills, amid, missing, doubled, disagreeing, outOfOrder, odd } = figures;
  return {
    ...place,
    ...{ kills, amid, messages: sent, lost: missing.length, outOfOrder: outOfOrder.length },
    ...{ sentTwice: doubled.length, disagreeing: disagreeing.length },
    wrong: listed({ missing, doubled, disagreeing, outOfOrder, odd }),
  };
}

/** The row of a run that did not come about. */
export function failedRow(place: Place, error: string): Row {
  return { ...place, kills: 0, amid: 0, messages: 0, lost: 0, outOfOrder: 0, wrong: [error] };
}

/** A line while more runs follow, and one for whatever was wrong. */
export function progressLines(row: Row): string {
  const { store, library, direction, messages, amid, seconds, acknowledged = [], wrong } = row;
  const at = acknowledged.length === 0 ? "" : `, with ${acknowledged.join(" ")} of a round acknowledged`;
  return [
    `${wrong.length === 0 ? "ok  " : "FAIL"} ${store}, ${library}, ${direction}: ${messages} messages, ${amid} kills amid${at}, ${Math.round(seconds)} s`,
    ...wrong.map((line) => `     ${line}`),
  ].join("\n");
}

/** A table in Markdown. */
export function messagesTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    ...[row.store, row.library, row.direction, `${row.kills} (${row.amid})`, row.messages, row.lost],
    ...[row.outOfOrder, row.doubleIds ?? "", row.sentTwice ?? "", row.disagreeing ?? ""],
    ...[`${Math.round(row.seconds)} s`, row.wrong.length === 0 ? "ok" : "FAIL"],
  ]);
  const all = [HEADINGS, ...lines].map((cells) => cells.map(String));
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const printed = all.map(
    (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [printed[0], rule, ...printed.slice(1)].join("\n");
}

const HEADINGS = [
  ...["store", "library", "direction", "kills (amid)", "messages", "lost"],
  ...["out of order", "two event ids", "sent twice", "answers differ", "time", ""],
];

/** Ten of each kind. */
function listed(kinds: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(kinds).flatMap(([kind, all]) => {
    const shown = [...new Set(all)].slice(0, 10).map((one) => `${kind}: ${one}`);
    return all.length > shown.length ? [...shown, `${kind}: ${all.length} in all`] : shown;
  });
}
