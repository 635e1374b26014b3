/** What a node can be asked by the rows about the cluster. */
import type { SessionManager } from "../../src/manager/session-manager.js";
import { stopwatch } from "../frame/program.js";

/** Which calls, and how many. */
export interface Calling {
  readonly what: "status" | "send";
  readonly ids: readonly string[];
  readonly count: number;
  /** How many at once. */
  readonly atOnce: number;
  /** To whom messages go. */
  readonly to: string;
}

/** How long calls took. */
export interface Called {
  /** Of each, in milliseconds. */
  readonly times: readonly number[];
  readonly wallMs: number;
}

const CREATE_AT_ONCE = 100;

/** See the head of this file. */
export class ClusterCalls {
  readonly #manager: SessionManager;
  /** When sessions connected: milliseconds since 1970. */
  #connected: number[] = [];

  constructor(manager: SessionManager) {
    this.#manager = manager;
    manager.on("session.status", ({ to }) => {
      if (to === "connected") this.#connected.push(performance.timeOrigin + performance.now());
    });
  }

  readonly calls = {
    /** Makes so many sessions, which are never connected. */
    create: async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += CREATE_AT_ONCE)
        await Promise.all(
          Array.from({ length: Math.min(CREATE_AT_ONCE, count - n) }, (_, more) =>
            this.#manager.create({ name: `s${n + more}` }),
          ),
        );
    },
    /** The ids of the sessions that this node runs. */
    owned: (): readonly string[] => this.#manager.cluster?.ownSessions().map(({ id }) => id) ?? [],
    /** How many it runs. */
    ownedCount: (): number => this.#manager.cluster?.stats().owned ?? 0,
    /** How many nodes it sees, itself included. */
    nodeCount: (): number => this.#manager.cluster?.stats().nodes ?? 0,
    /** When sessions connected since the last call. */
    connected: (): readonly number[] => this.#connected.splice(0),
    /** Makes calls for sessions, in turns. Settles when all are done. */
    call: async ({ what, ids, count, atOnce, to }: Calling): Promise<Called> => {
      const times: number[] = [];
      const watch = stopwatch();
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < count) {
          const n = next++;
          const begun = performance.now();
          const id = ids[n % ids.length] as string;
          await (what === "status"
            ? this.#manager.getStatus(id)
            : this.#manager.sendMessage(id, to, { text: `message ${n} from the bench` }));
          times.push(performance.now() - begun);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return { times, wallMs: watch().wallMs };
    },
  };
}
