/**
 * Keeps the keys that a received message changes until its event goes to the store, so that both are in one batch
 * (docs/decisions/0014-the-gate.md). Stored before, they would make the message undecipherable when it is delivered again.
 */
import { LazyMap, LazySet } from "../async/lazy-collections.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { SessionSpace } from "../store/space/session-space.js";
import type { ReceivedKeys, StoredAlong } from "../whatsapp/library.js";
import type { ReceivedIds } from "./received-ids.js";
import { StagedChanges, UNJUDGED_FAMILY, type StagedKey } from "./staged-changes.js";
import type { WriteGate } from "./write-gate.js";

/** What a decryption uses up. Others may be stored at any time. */
const RATCHETS: ReadonlySet<string> = new Set(["session", "sender-key", "pre-key"]);

/** What {@link StagedReceipts} need. */
export interface StagedReceiptsOptions {
  readonly space: SessionSpace;
  readonly gate: WriteGate;
  readonly ids: ReceivedIds;
  /** See {@link loadUnjudged}. */
  readonly unjudged: ReadonlyMap<string, unknown>;
  /** It is not known what is stored. */
  readonly onFailed: () => void;
}

/**
 * Reads the messages whose event waited for a verdict when the process ended. Before the next connection, which adds others. Rejects with
 * `STORE_UNAVAILABLE`.
 */
export async function loadUnjudged(space: SessionSpace): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  const stored = await space.readEach(UNJUDGED_FAMILY, await listed(space));
  // One that can't be read is lost; it must not hold up the others.
  for (const [id, { value }] of stored) if (value !== undefined) found.set(id, value);
  return found;
}

/** Of a list that can't be read, the first write says so: it holds up no connection. */
async function listed(space: SessionSpace): Promise<readonly string[]> {
  try {
    return await space.ids(UNJUDGED_FAMILY);
  } catch (error) {
    if (isZpwootError(error, "STORE_CORRUPT")) return [];
    throw error;
  }
}

/** The received messages of one auth state. */
export class StagedReceipts implements ReceivedKeys {
  readonly #options: StagedReceiptsOptions;
  /** The message that is being decrypted, until its event is there. */
  #current: StagedChanges | undefined;
  /** Those whose event is not there yet. */
  readonly #collecting = new LazySet<StagedChanges>();
  /** Those whose event is on its way to the store. */
  readonly #storing = new LazySet<StagedChanges>();
  /** The newest changes that contain a key. */
  readonly #byKey = new LazyMap<string, StagedChanges>();

  constructor(options: StagedReceiptsOptions) {
    this.#options = options;
  }

  isKnown(messageId: string): boolean {
    return this.#options.ids.has(messageId);
  }

  collect(onFirst: () => void): StagedChanges {
    const changes = new StagedChanges(this.#options.ids, onFirst);
    this.#collecting.add(changes);
    this.#current = changes;
    return changes;
  }

  collected(changes: StagedChanges): void {
    if (this.#current === changes) this.#current = undefined;
  }

  store(changes: StagedChanges, published: Promise<void> | undefined): void {
    this.collected(changes);
    this.#collecting.delete(changes);
    const { gate, space, onFailed } = this.#options;
    if (changes.isEmpty && published === undefined) return changes.done();
    this.#storing.add(changes);
    const lost = (): void => this.#lost(changes);
    // Not where the gate hears of it: that does not wait for the outcome when the connection ends before.
    published?.catch(lost);
    const stored = gate.write(async () => {
      await published;
      if (changes.isTaken || changes.isEmpty) return;
      const written = space.write(changes.take(), { patient: true });
      written.catch(lost);
      await written;
    });
    stored.then(
      () => {
        this.#forget(changes);
        changes.done();
      },
      (error: unknown) => {
        this.#forget(changes);
        onFailed();
        changes.fail(error);
      },
    );
  }

  unjudged(): ReadonlyMap<string, unknown> {
    return this.#options.unjudged;
  }

  judged(kept: string): StoredAlong {
    return () => [{ family: UNJUDGED_FAMILY, id: kept, value: null }];
  }

  forgetKept(kept: string): void {
    const { gate, space } = this.#options;
    gate.write(() => space.write(this.judged(kept)(), { patient: true })).catch(() => {});
  }

  drop(): void {
    // Their events may wait for longer than the next connection, which reads the keys as they are stored.
    for (const changes of this.#storing) {
      this.#forget(changes);
      changes.dropKeys();
    }
    const error = new ZpwootError("ABORTED", "The connection ended before the message was emitted");
    for (const changes of this.#collecting) {
      this.#forget(changes);
      changes.drop(error);
    }
    // A decryption that is under way still goes nowhere.
    this.#collecting.clear();
  }

  /**
   * Keeps a changed key, if it belongs to a message that waits. One that was changed after a message, by a message that is sent, say,
   * contains what the message changed: it goes with it. Returns whether it is kept.
   */
  stage(key: string, staged: StagedKey): boolean {
    const earlier = this.#byKey.get(key);
    const own = RATCHETS.has(staged.entry.family) ? this.#current : undefined;
    const changes = own ?? (earlier?.isTaken === false ? earlier : undefined);
    if (changes === undefined) return false;
    this.#byKey.set(key, changes);
    changes.add(key, staged);
    return true;
  }

  /** Keeps something together with a key that waits. Returns whether it is kept. */
  stageWith(waiting: string, key: string, staged: StagedKey): boolean {
    const changes = this.#byKey.get(waiting);
    if (changes?.isTaken !== false) return false;
    this.#byKey.set(key, changes);
    changes.add(key, staged);
    return true;
  }

  /**
   * The event of a message is not stored: the message comes again, and must be decipherable then. Keys that were changed after it contain
   * what it changed.
   */
  #lost(changes: StagedChanges): void {
    changes.takeBack();
    this.drop();
  }

  #forget(changes: StagedChanges): void {
    this.#storing.delete(changes);
    for (const key of changes.keys) if (this.#byKey.get(key) === changes) this.#byKey.delete(key);
  }
}
