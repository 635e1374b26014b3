import { configDefaults, defineConfig } from "vitest/config";

/** Tests that need no socket, no server and no child process: together they run in seconds. */
const UNIT = [
  "test/api/**/*.test.ts",
  "test/async/**/*.test.ts",
  "test/cli/{progress,read-config}.test.ts",
  "test/cluster/{chaos-checker,node-watch,reconciler,shares,store-clock}.test.ts",
  "test/docs/{configuration,errors,links,translations,troubleshooting}.test.ts",
  "test/events/**/*.test.ts",
  "test/http/answers.test.ts",
  "test/http/errors.test.ts",
  "test/manager/**/*.test.ts",
  "test/messages/chaos-judges.test.ts",
  "test/ownership/{chaos-checker,owner-watch,process-ownership}.test.ts",
  "test/package/exports.test.ts",
  "test/package/imports.test.ts",
  "test/session/**/*.test.ts",
  "test/store/{atomic-driver,codec,encryption,generations,key-list,key-list-page,keys}.test.ts",
  "test/store/{optional-package,outage-log,read-queue,session-list}.test.ts",
  "test/testing/{codec,order}.test.ts",
  "test/testing/signal/{curve,group,sessions}.test.ts",
  "test/unit/**/*.test.ts",
  "test/validation.test.ts",
  "test/webhooks/{json-safe,options,payload,retry-schedule,signature,target-guard}.test.ts",
];

/** They patch, or look at, what the libraries have loaded, measure memory or count timers: in a process of their own. */
const ALONE = [
  "test/egress/idle-agent.test.ts",
  "test/engine/signatures.test.ts",
  "test/engine/without-patches.test.ts",
  "test/http/{bodies,hostile-uploads,sse}.test.ts",
  "test/testing/signal/libsignal-sessions.test.ts",
  "test/webhooks/hanging-receiver.test.ts",
];

/** Several processes against leases and deadlines. Other tests would take the time that they measure: they run last, one file at a time. */
const PROCESSES = [
  "test/cli/serve-cluster.test.ts",
  "test/cluster/{chaos,events,handover,outages,processes}.test.ts",
  "test/engine/{backup-cli,leaks,one-event-id,sent-messages,serve,stop-without-store,verdicts-crash}.test.ts",
  "test/messages/{crash,media-crash,takeover}.test.ts",
  "test/ownership/{chaos-sample,processes}.test.ts",
  "test/store/{crash,full-disk,kill,late-packets,outages}.test.ts",
  "test/webhooks/chaos.test.ts",
];

export default defineConfig({
  test: {
    // A machine of a CI may be three times as slow. What has to be fast says so itself.
    testTimeout: process.env.CI === undefined ? 20_000 : 60_000,
    hookTimeout: process.env.CI === undefined ? 20_000 : 60_000,
    // Vitest's own is a second, which a machine that is busy with other tests may need for one step.
    expect: { poll: { timeout: process.env.CI === undefined ? 5_000 : 15_000 } },
    // As many as the cores of a CI machine: deadlines are real here, and a third file at a time takes from the time of the others.
    maxWorkers: 2,
    // Baileys 6 asks the phone for a message it could not read after five seconds, and nothing of it handles that the connection is gone by then.
    onUnhandledError: ({ message, stack }) =>
      message !== "Connection Closed" || stack?.includes("baileys-6/lib/Socket/messages-recv.js") !== true,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      // The command runs in child processes, which coverage can't see.
      exclude: ["src/cli/**"],
      reporter: ["text-summary", "html", "lcovonly"],
    },
    projects: [
      // They change nothing outside themselves, so that files can share what they import.
      { extends: true, test: { name: "unit", include: UNIT, isolate: false } },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/types/tsconfig.json",
          },
        },
      },
      {
        extends: true,
        test: {
          name: "wire",
          // The files of a worker share what they import: the libraries alone take longer to load than most files to run.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...UNIT, ...ALONE, ...PROCESSES],
          globalSetup: ["test/support/servers.ts", "test/support/compiled.ts"],
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
      {
        extends: true,
        test: {
          name: "processes",
          include: PROCESSES,
          isolate: false,
          maxWorkers: 1,
          maxConcurrency: 2,
          sequence: { groupOrder: 1 },
          globalSetup: ["test/support/servers.ts", "test/support/compiled.ts"],
        },
      },
    ],
  },
});
