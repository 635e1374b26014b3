import { closeSync, openSync, writeSync } from "node:fs";

/** Writes a file until the file system that it is on has no room left. */
export function fillDisk(file: string): void {
  const descriptor = openSync(file, "w");
  for (const size of [65_536, 512]) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size));
    } catch {
      // Not even this much room is left.
    }
  }
  closeSync(descriptor);
}
