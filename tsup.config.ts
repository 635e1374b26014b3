import { defineConfig, type Options } from "tsup";

/** Packages without a CommonJS form. Node 20.19 and newer can `require` them; Jest can't, so that the CommonJS build holds them. */
export const ESM_ONLY = ["agent-base", "rou3", "@noble/curves", "@noble/hashes"];
/** Packages that both builds hold: zod loads 80 files, which takes three times as long as the part of it that is used. */
export const BUNDLED = ["zod"];
const isEsmOnly = new RegExp(`^(${ESM_ONLY.join("|")})(/|$)`);

/** The module format of each build, by its options. With `splitting`, esbuild itself makes ES modules of both. */
const formats = new WeakMap<object, string>();

const keepEsmOnlyOutside: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "esm-only-packages",
  setup(build) {
    if (formats.get(build.initialOptions) === "cjs") return;
    build.onResolve({ filter: isEsmOnly }, ({ path }) => ({ path, external: true }));
  },
};

export default defineConfig({
  entry: {
    index: "src/index.ts",
    "http/index": "src/http/index.ts",
    "client/index": "src/client/index.ts",
    "metrics/index": "src/metrics/index.ts",
    "cluster/index": "src/cluster/index.ts",
    "testing/index": "src/testing/index.ts",
    "cli/main": "src/cli/main.ts",
  },
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  dts: {
    entry: {
      index: "src/index.ts",
      "http/index": "src/http/index.ts",
      "client/index": "src/client/index.ts",
      "metrics/index": "src/metrics/index.ts",
      "cluster/index": "src/cluster/index.ts",
      "testing/index": "src/testing/index.ts",
    },
  },
  // Without it the CJS build holds a copy of every class per subpath.
  splitting: true,
  // Types only: the one that is installed (src/api/library-types.ts).
  external: ["baileys"],
  noExternal: [isEsmOnly, ...BUNDLED],
  esbuildOptions: (options, { format }) => void formats.set(options, format),
  esbuildPlugins: [keepEsmOnlyOutside],
  clean: true,
  sourcemap: true,
  // import.meta.url in the CJS build.
  shims: true,
});
