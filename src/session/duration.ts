/** Durations in messages that a person reads. */

const UNITS = [
  { name: "h", ms: 3_600_000 },
  { name: "min", ms: 60_000 },
  { name: "s", ms: 1_000 },
] as const;

/** `20 ms`, `1.5 s`, `60 s`, `10 min`: a unit is used from two of it on, seconds from one. */
export function durationText(milliseconds: number): string {
  const unit = UNITS.find(({ name, ms }) => milliseconds >= (name === "s" ? ms : 2 * ms));
  if (unit === undefined) return `${Math.round(milliseconds)} ms`;
  return `${Math.round((milliseconds / unit.ms) * 10) / 10} ${unit.name}`;
}
