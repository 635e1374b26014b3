/** The package clients of `npm run try:install`, and what each needs beside `npm install`: docs/installing.md says the same. */

/** A client. */
export interface Client {
  readonly name: string;
  /** Its package in the registry, and the version that is tried. */
  readonly package: string;
  readonly version: string;
  readonly command: string;
  /** The arguments that install a project. */
  readonly install: readonly string[];
  readonly env: (registry: string) => NodeJS.ProcessEnv;
  /** What a project with the library needs for this client. */
  readonly files: (library: "whaileys" | "baileys") => {
    /** Fields of package.json. */
    readonly packageJson?: object;
    readonly others?: Readonly<Record<string, string>>;
  };
}

/** whaileys names its dependency libsignal as a GitHub tarball. */
const LIBSIGNAL = { libsignal: "6.0.0" };
const NPM_ENV = (registry: string): NodeJS.ProcessEnv => ({ npm_config_registry: registry });

/** Packages whose install scripts pnpm asks about. None is needed: the binaries are packages of their own. */
const BUILDS = [
  "@parcel/watcher",
  "lmdb",
  "msgpackr-extract",
  "protobufjs",
  "baileys",
  "whaileys",
  "unrs-resolver",
  "sharp",
];

function npm(version: string): Client {
  return {
    ...{ name: `npm@${version}`, package: "npm", version, command: "npm", env: NPM_ENV },
    install: ["install", "--no-audit", "--no-fund", "--prefer-offline"],
    files: (library) => (library === "whaileys" ? { packageJson: { overrides: LIBSIGNAL } } : {}),
  };
}

function pnpm(version: string, builds: string): Client {
  return {
    ...{ name: `pnpm@${version}`, package: "pnpm", version, command: "pnpm" },
    install: ["install", "--no-frozen-lockfile", "--prefer-offline"],
    env: (registry) => ({ npm_config_registry: registry, pnpm_config_registry: registry }),
    files: (library) => {
      const overrides = library === "whaileys" ? "overrides:\n  libsignal: 6.0.0\n" : "";
      return { others: { "pnpm-workspace.yaml": overrides + builds } };
    },
  };
}

function yarn(
  version: string,
  parts: Pick<Client, "package" | "install" | "env">,
  others: Readonly<Record<string, string>> = {},
): Client {
  return {
    ...{ name: `yarn@${version}`, version, command: "yarn", ...parts },
    files: (library) => ({
      others,
      ...(library === "whaileys" ? { packageJson: { resolutions: LIBSIGNAL } } : {}),
    }),
  };
}

const IGNORED = `ignoredBuiltDependencies:\n${BUILDS.map((name) => `  - "${name}"\n`).join("")}`;
const ANSWERED = `allowBuilds:\n${BUILDS.map((name) => `  "${name}": false\n`).join("")}`;

/** Every client. */
export const CLIENTS: readonly Client[] = [
  ...["10", "11", "12"].map(npm),
  pnpm("10", IGNORED),
  pnpm("12", ANSWERED),
  yarn("1", {
    package: "yarn",
    install: ["install", "--non-interactive", "--ignore-engines"],
    env: (registry) => ({ npm_config_registry: registry, YARN_REGISTRY: registry }),
  }),
  yarn(
    "4",
    {
      package: "@yarnpkg/cli-dist",
      install: ["install", "--no-immutable"],
      env: (registry) => ({
        ...{ YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_TELEMETRY: "0" },
        YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname,
      }),
    },
    { ".yarnrc.yml": "nodeLinker: node-modules\nenableGlobalCache: false\n", "yarn.lock": "" },
  ),
];
