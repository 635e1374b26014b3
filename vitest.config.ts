import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/servers.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Real sockets and processes: two files at a time is what two cores carry without timing noise.
    maxWorkers: 2,
  },
});
