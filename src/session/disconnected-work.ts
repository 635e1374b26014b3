/** Work on what is stored of a session, which is disconnected for that: nothing is started or removed meanwhile. */
import { SerialQueue } from "../async/serial-queue.js";
import type { CurrentState } from "./current-state.js";
import type { Lifecycle, Suspension } from "./lifecycle.js";
import type { RecordKeeper } from "./record.js";
import type { SessionServices } from "./services.js";
import type { SessionLoop } from "./session-loop.js";

/** What {@link DisconnectedWork} needs of its session. */
export interface DisconnectedWorkParts {
  readonly services: Pick<SessionServices, "forgetMemory">;
  readonly record: RecordKeeper;
  readonly state: CurrentState;
  readonly loop: SessionLoop;
  readonly lifecycle: Lifecycle;
  /** Throws when the session takes no command any more. */
  readonly accept: () => void;
}

/** See the head of this file. */
export class DisconnectedWork {
  readonly #parts: DisconnectedWorkParts;
  readonly #queue = new SerialQueue();

  constructor(parts: DisconnectedWorkParts) {
    this.#parts = parts;
  }

  /** One work after another. Settles as the work does; when it rejects, the session goes on as before. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const { services, record, state, loop, lifecycle, accept } = this.#parts;
    return this.#queue.run(async () => {
      while (loop.removal !== undefined) await loop.removal.result.catch(() => {});
      const release = loop.holdForWork();
      let suspension: Suspension | undefined;
      try {
        accept();
        suspension = lifecycle.suspend();
        await suspension.down;
        const result = await work();
        await suspension.stayOffline();
        if (loop.ended === undefined) state.set({ name: "idle", reason: "disconnected" });
        return result;
      } catch (error) {
        suspension?.goOn();
        throw error;
      } finally {
        services.forgetMemory(record.current.id);
        release();
      }
    });
  }
}
