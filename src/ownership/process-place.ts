/** Where a process runs, and whether another one of the same place is alive. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, so that others can find out whether it is alive. */
export interface ProcessPlace {
  readonly host: string;
  readonly pid: number;
  /** Two processes with the same one see each other's process ids: the boot of the machine and the namespace of ids. */
  readonly machine: string;
  /** When the process began, in the system's own unit: a process id is used again. Empty where the system does not tell. */
  readonly began: string;
}

/** Owners in this process, over all copies of the package in it. */
const owners: Set<string> = ((globalThis as Record<symbol, unknown>)[Symbol.for("zpwoot.owners")] ??=
  new Set()) as Set<string>;

/** The place of this process. */
export function thisPlace(): ProcessPlace {
  return {
    host: hostname(),
    pid: process.pid,
    machine: `${text("/proc/sys/kernel/random/boot_id")} ${link("/proc/self/ns/pid")}`.trim(),
    began: beginOf(process.pid) ?? "",
  };
}

/** Notes that an owner lives in this process. Returns the function that ends that. */
export function enterOwner(ownerId: string): () => void {
  owners.add(ownerId);
  return () => void owners.delete(ownerId);
}

/** Whether this process sees the processes of a place, so that it can tell whether they are alive. */
export function sees({ host, machine }: ProcessPlace): boolean {
  const here = thisPlace();
  return host === here.host && machine === here.machine;
}

/** Whether an owner has died. False where that can't be known: see {@link sees}. */
export function isDead(ownerId: string, place: ProcessPlace): boolean {
  if (!sees(place)) return false;
  const here = thisPlace();
  if (place.pid === here.pid && place.began === here.began) return !owners.has(ownerId);
  const began = beginOf(place.pid);
  return began === undefined ? !answersSignals(place.pid) : began !== place.began;
}

/** When a process began, where the system has /proc; undefined when there is no such process or no /proc. */
function beginOf(pid: number): string | undefined {
  // The name of the program, in brackets, may hold anything; the begin is the 20th field after it.
  return text(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[19];
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user.
    return (error as { readonly code?: unknown }).code === "EPERM";
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
