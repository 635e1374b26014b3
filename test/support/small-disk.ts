/** A file system of a few megabytes, to be filled. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = [[], ["sudo", "-n"]] as const;

function asRoot(...command: readonly string[]): boolean {
  return ROOT.some((before) => {
    const [program = "", ...args] = [...before, ...command];
    try {
      execFileSync(program, args, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

/** Memory that is mounted on a new folder. */
export class SmallDisk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "zpwoot-full-"));
  /** Whether this machine can mount; in CI one that can't is a failure. */
  readonly mounted: boolean;

  constructor(megabytes = 4) {
    const options = `size=${megabytes}m,mode=1777`;
    this.mounted = asRoot("mount", "-t", "tmpfs", "-o", options, "tmpfs", this.folder);
    if (!this.mounted) console.warn("\n*** no file system can be mounted: a full disk is NOT TESTED ***\n");
  }

  /** For `skipIf`. */
  get untestable(): boolean {
    return !this.mounted && process.env["CI"] === undefined;
  }

  [Symbol.dispose](): void {
    // Lazily: another process of the machine may look at it.
    if (this.mounted) asRoot("umount", "-l", this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
