/** What a row of the bench is: contestants that do the same thing in turns, each in a process of its own. */

/** What one contestant took in one round, by measure. */
export type Figures = Readonly<Record<string, number>>;

/** One that is measured. */
export interface Contestant {
  readonly name: string;
  /** One round. Settles with what it took, per unit. */
  measure(): Promise<Figures>;
  /** Ends its processes, and deletes what it stored. */
  close(): Promise<void>;
}

/** How a figure is printed. */
interface Measure {
  readonly title: string;
  readonly unit: string;
  /** Digits after the point. Default 2. */
  readonly digits?: number;
}

/** How a figure of one contestant should stand to that of another. */
export interface Goal {
  readonly measure: string;
  readonly contestant: string;
  /** The one that it is compared with. */
  readonly to: string;
  /** At most so many times that figure. */
  readonly most?: number;
  /** At least so many times that figure. */
  readonly least?: number;
  /** At most so much more than that figure, in the unit of the measure. */
  readonly above?: number;
  /** Whether `bench -- gate` holds the ratio. Default true, except of a `least`: rates move with the load of a machine. */
  readonly gate?: boolean;
}

/** How much is done: the table, or the little that tells the ratios. */
export type Size = "whole" | "gate";

/** A row, before it runs. */
export interface Row {
  /** As in `npm run bench -- <name>`. */
  readonly name: string;
  /** What is done, and what a unit is. */
  readonly title: string;
  readonly measures: Readonly<Record<string, Measure>>;
  readonly goals: readonly Goal[];
  /** Rounds that count, by size. Default 7, and 5 in the gate. */
  readonly rounds?: Readonly<Partial<Record<Size, number>>>;
  /** Whether a first round that does not count comes before them. Default true. */
  readonly warmUp?: boolean;
  /** Sets all contestants up. */
  open(size: Size): Promise<readonly Contestant[]>;
}

/** Contestants that share something, such as a WhatsApp service, which ends after the last of them. */
export function sharing(
  contestants: readonly Contestant[],
  endShared: () => Promise<void>,
): readonly Contestant[] {
  return contestants.map((contestant, index) => ({
    name: contestant.name,
    measure: () => contestant.measure(),
    close: async () => {
      await contestant.close();
      if (index === contestants.length - 1) await endShared();
    },
  }));
}
