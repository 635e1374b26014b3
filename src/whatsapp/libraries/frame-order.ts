/**
 * Decodes the frames of a socket one after the other and reports the first error. whaileys drops the promise of its frame decoder, so
 * an undecodable frame or a throwing listener is an unhandled rejection, which ends a Node process; and it inflates compressed frames
 * asynchronously, so later frames overtake them (docs/protocol.md#library-quirks, 2 and 8).
 */
import { SerialQueue } from "../../async/serial-queue.js";

type OnFrame = (frame: unknown) => void;
type OnFrameError = (error: Error) => void;

interface NoiseHandler {
  decodeFrame(this: void, chunk: Uint8Array, onFrame: OnFrame): Promise<void>;
}

/** The part of `whaileys/lib/Utils/noise-handler` that is patched. */
export interface NoiseModule {
  makeNoiseHandler: (...args: never[]) => NoiseHandler;
}

const patched = Symbol.for("zpwoot.frame-guard");

/** Error handler of the socket being created; a variable is enough, because sockets are created synchronously. */
let currentOnError: OnFrameError | undefined;

/** Runs `makeSocket`, a synchronous call; frame errors of the new socket are reported to `onError`. */
export function withFrameErrors<T>(onError: OnFrameError, makeSocket: () => T): T {
  currentOnError = onError;
  try {
    return makeSocket();
  } finally {
    currentOnError = undefined;
  }
}

/** Patches the noise handlers of the loaded module. Does nothing the second time. */
export function patchFrameOrder(module: NoiseModule & { [patched]?: true }): void {
  if (module[patched] === true) return;
  const make = module.makeNoiseHandler;
  module.makeNoiseHandler = (...args) => {
    const noise = make(...args);
    const onError = currentOnError;
    // Sockets that the host creates itself are not changed.
    return onError === undefined ? noise : { ...noise, decodeFrame: inOrder(noise.decodeFrame, onError) };
  };
  Object.defineProperty(module, patched, { value: true });
}

/**
 * Returns a decoder that handles one chunk after the other. It stops at the first error, which it reports to `onError`. Never rejects.
 */
export function inOrder<Args extends unknown[]>(
  decode: (...args: Args) => Promise<void>,
  onError: OnFrameError,
): (...args: Args) => Promise<void> {
  const queue = new SerialQueue();
  let failed = false;
  return (...args) =>
    queue.run(async () => {
      // After a bad frame the cipher's counter is wrong, so no later frame can be decoded.
      if (failed) return;
      try {
        await decode(...args);
      } catch (error) {
        failed = true;
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    });
}
