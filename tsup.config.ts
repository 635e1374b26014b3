import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    "http/index": "src/http/index.ts",
    "client/index": "src/client/index.ts",
    "metrics/index": "src/metrics/index.ts",
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
      "testing/index": "src/testing/index.ts",
    },
  },
  // Without it the CJS build holds a copy of every class per subpath.
  splitting: true,
  clean: true,
  sourcemap: true,
  // import.meta.url in the CJS build.
  shims: true,
  // They have no CommonJS, and jest loads none but that: the CJS build holds them.
  noExternal: [/^@noble\//u, "agent-base", "rou3"],
});
