/**
 * whaileys drops the promise of its frame decoder: a frame that can't be decoded, or a listener that throws, becomes an
 * unhandled rejection, which ends a Node process; and a compressed frame, inflated asynchronously, is overtaken by those
 * behind it (whatsapp-protocol.md section 11, hazards 2 and 8). The guard decodes the chunks of one socket strictly one
 * after the other and hands an error to that socket's owner.
 */

type OnFrame = (frame: unknown) => void;

interface NoiseHandler {
  decodeFrame(this: void, chunk: Uint8Array, onFrame: OnFrame): Promise<void>;
}

/** The part of `whaileys/lib/Utils/noise-handler` that is replaced. */
export interface NoiseModule {
  makeNoiseHandler: (...args: never[]) => NoiseHandler;
}

type OnFrameError = (error: Error) => void;

const guarded = Symbol.for("zpwoot.frame-guard");

/** Sockets are made synchronously, so the owner of the socket being made can be a variable. */
let owner: OnFrameError | undefined;

/** Runs `makeSocket`, a synchronous call; errors in the frames of that socket go to `onError`. */
export function withFrameGuard<T>(onError: OnFrameError, makeSocket: () => T): T {
  owner = onError;
  try {
    return makeSocket();
  } finally {
    owner = undefined;
  }
}

/** Replaces the noise handler's factory in the loaded module. Once per module, whoever calls. */
export function guardFrames(module: NoiseModule & { [guarded]?: true }): void {
  if (module[guarded] === true) return;
  const make = module.makeNoiseHandler;
  module.makeNoiseHandler = (...args) => {
    const noise = make(...args);
    // Sockets the host makes with whaileys by itself stay as they are.
    return owner === undefined ? noise : { ...noise, decodeFrame: inOrder(noise.decodeFrame, owner) };
  };
  Object.defineProperty(module, guarded, { value: true });
}

/** The decoder, called with one chunk after the other; the first error goes to `onError` and is the last. Never rejects. */
export function inOrder<Args extends unknown[]>(
  decode: (...args: Args) => Promise<void>,
  onError: OnFrameError,
): (...args: Args) => Promise<void> {
  let tail = Promise.resolve();
  let failed = false;
  return (...args) => {
    tail = tail.then(async () => {
      // After one bad frame the cipher's counter is lost: nothing behind it can be read.
      if (failed) return;
      try {
        await decode(...args);
      } catch (error) {
        failed = true;
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    });
    return tail;
  };
}
