/** Why the loop of a session wakes up: a fixed vocabulary, logged at `debug`. */
import type { AttemptFact } from "./attempt-options.js";
import type { RemovalKind } from "./removal.js";

/** A command that wakes the loop; `restore`: the manager's own, after a start of the process. */
export type LoopCommand = "connect" | "disconnect" | "restart" | "restore" | RemovalKind;

/** Why the loop woke up. */
export type WakeReason =
  | LoopCommand
  | AttemptFact
  /** A waiting session is to try again now. */
  | "retry-now"
  /** Work on what is stored is done. */
  | "work-done"
  /** The manager stops. */
  | "stop"
  /** A deadline or the time of the next attempt has come. */
  | "timer";
