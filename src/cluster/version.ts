/** The version of this package, which nodes tell each other. */
import { createRequire } from "node:module";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** From `src/cluster`, `dist/cluster` and the shared files of `dist`. */
export const PACKAGE_VERSION: string = versionIn(["../../package.json", "../package.json"]);

function versionIn(places: readonly string[]): string {
  const load = createRequire(import.meta.url);
  for (const place of places) {
    try {
      const { name, version } = load(place) as Manifest;
      if (name === "zpwoot") return version;
    } catch {
      // Not there.
    }
  }
  return "unknown";
}
