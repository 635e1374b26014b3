/** What is under examples/docker and examples/deploy, against the settings, the metrics and the routes of the code. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Registry, collectDefaultMetrics } from "prom-client";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { SETTINGS } from "../../src/cli/settings.js";
import { ALL_ROUTES } from "../../src/http/routes/table.js";
import { defineClusterInstruments } from "../../src/metrics/cluster-instruments.js";
import { defineInstruments } from "../../src/metrics/instruments.js";
import { ROOT } from "./pages.js";

const read = (path: string): Promise<string> => readFile(join(ROOT, "examples", path), "utf8");
const VARIABLES = [...Object.values(SETTINGS).map(({ env }) => env), "ZPWOOT_PASSPHRASE"];
/** Variables of other programs. */
const FOREIGN = /^(NODE_|POSTGRES_|REDIS|CHATWOOT_)/;

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: object;
  readonly ports?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

describe("the Dockerfile", async () => {
  const text = await read("docker/Dockerfile");
  // Lines that go on are joined, comments are left out.
  const steps = text
    .replace(/\\\n/g, " ")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line));
  const last = (name: string): string | undefined => steps.findLast((step) => step.startsWith(`${name} `));

  it("has two stages, of one image with a named version", () => {
    const images = steps.filter((step) => step.startsWith("FROM ")).map((step) => step.split(" ")[1]);
    expect(images).toHaveLength(2);
    expect(new Set(images).size).toBe(1);
    expect(images[0]).toMatch(/^node:\d+-[\w-]+$/);
  });

  it("runs as a user without rights, who owns the store", () => {
    expect(last("USER")).toBe("USER node");
    expect(steps.indexOf("USER node")).toBeLessThan(
      steps.findIndex((step) => step.startsWith("ENTRYPOINT ")),
    );
    expect(text).toContain("chown node:node /data");
    expect(last("VOLUME")).toBe("VOLUME /data");
  });

  it("starts the server without a shell, which would keep signals from it", () => {
    expect(JSON.parse(last("ENTRYPOINT")?.slice("ENTRYPOINT ".length) ?? "")).toEqual([
      "node_modules/.bin/zpwoot",
    ]);
    expect(JSON.parse(last("CMD")?.slice("CMD ".length) ?? "")).toEqual(["serve"]);
    expect(last("STOPSIGNAL")).toBe("STOPSIGNAL SIGTERM");
  });

  it("sets variables that exist, and asks a route that exists for its health", () => {
    const names = [...(last("ENV") ?? "").matchAll(/(\w+)=/g)].map(([, name = ""]) => name);
    expect(names.filter((name) => !VARIABLES.includes(name) && !FOREIGN.test(name))).toEqual([]);
    const path = /(\/health\/\w+)/.exec(text)?.[1];
    expect(ALL_ROUTES.map((route) => route.path)).toContain(path);
  });

  it("installs what the README says", async () => {
    const project = JSON.parse(await read("docker/package.json")) as Record<string, Record<string, string>>;
    const own = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      version: string;
      overrides: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    expect(project["dependencies"]).toEqual({ ...own.peerDependencies, zpwoot: `^${own.version}` });
    expect(project["overrides"]).toEqual({ libsignal: own.overrides["libsignal"] });
  });
});

const COMPOSE = ["compose.yaml", "compose.postgres.yaml", "compose.redis.yaml", "compose.cluster.yaml"];

describe.each(COMPOSE)("%s", async (file) => {
  const text = await read(`docker/${file}`);
  const { services, volumes = {} } = parse(text, { merge: true }) as Compose;

  it("sets variables that exist", () => {
    const names = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !VARIABLES.includes(name) && !FOREIGN.test(name))).toEqual([]);
  });

  it("asks for secrets that env.example names, and has none of its own", async () => {
    const example = await read("docker/env.example");
    for (const [, name = ""] of text.matchAll(/\$\{(\w+)/g))
      expect(example).toMatch(new RegExp(`^${name}=$`, "m"));
    for (const { environment = {} } of Object.values(services))
      for (const [name, value] of Object.entries(environment))
        if (/KEY|PASS|SECRET/.test(name)) expect(value).toMatch(/^\$\{\w+:\?/);
  });

  it("keeps what has to be kept on volumes that it declares, and gives everything time to stop", () => {
    for (const [name, service] of Object.entries(services)) {
      const addsTo = name === "zpwoot" && service.image === undefined && file !== "compose.yaml";
      if (addsTo) continue;
      expect(service.stop_grace_period).toMatch(/^\d+[sm]$/);
      // A node of a cluster keeps nothing.
      if (!name.startsWith("node-"))
        expect(Object.keys(volumes)).toContain(service.volumes?.[0]?.split(":")[0]);
      if (service.image !== undefined) {
        expect(service.image).toMatch(/:\d/);
        expect(service.healthcheck).toBeDefined();
      }
    }
  });

  it("opens no port to the world", () => {
    const ports = Object.values(services).flatMap(({ ports: all = [] }) => all);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe("the cluster of compose.cluster.yaml", async () => {
  const { services } = parse(await read("docker/compose.cluster.yaml"), { merge: true }) as Compose;
  const nodes = Object.keys(services).filter((name) => name.startsWith("node-"));

  it("has three nodes on one store, with time to hand their sessions over, each with a name", () => {
    expect(nodes).toHaveLength(3);
    for (const name of nodes)
      expect(services[name]).toMatchObject({
        hostname: name,
        stop_grace_period: "30s",
        environment: { ZPWOOT_CLUSTER: "true", ZPWOOT_STORE: expect.stringMatching(/^postgres:/) as string },
      });
  });

  it("has a proxy that asks each for its readiness", async () => {
    const caddyfile = await read("docker/Caddyfile.cluster");
    expect([...caddyfile.matchAll(/\b(node-\d):3000/g)].map(([, name]) => name)).toEqual(nodes);
    expect(caddyfile).toMatch(/health_uri \/health\/ready$/m);
    expect(services["caddy"]?.volumes).toContain("./Caddyfile.cluster:/etc/caddy/Caddyfile:ro");
  });
});

describe("the unit of systemd", async () => {
  const text = await read("deploy/zpwoot.service");

  it("sets variables that exist, and starts the command with flags that exist", () => {
    const names = [...text.matchAll(/^Environment=(\w+)=/gm)].map(([, name = ""]) => name);
    expect(names.filter((name) => !VARIABLES.includes(name) && !FOREIGN.test(name))).toEqual([]);
    expect(text).toMatch(/^ExecStart=\/usr\/bin\/node \S+\/zpwoot\/dist\/cli\/main\.js serve$/m);
  });

  it("does not start again after a mistake in the settings", () => {
    expect(text).toMatch(/^RestartPreventExitStatus=2$/m);
  });
});

const documentsOf = async (file: string) =>
  parseAllDocuments(await read(file)).map((document) => document.toJS() as Record<string, unknown>);

describe("kubernetes.yaml", () => {
  it("is a StatefulSet of one pod with a service", async () => {
    const documents = await documentsOf("deploy/kubernetes.yaml");
    expect(documents.map(({ kind }) => kind)).toEqual(["StatefulSet", "Service"]);
    expect(documents[0]).toMatchObject({ spec: { replicas: 1 } });
  });
});

describe("kubernetes.cluster.yaml", () => {
  it("is a Deployment that replaces pods one by one, each with time to hand its sessions over", async () => {
    const documents = await documentsOf("deploy/kubernetes.cluster.yaml");
    expect(documents.map(({ kind }) => kind)).toEqual(["Deployment", "PodDisruptionBudget", "Service"]);
    expect(documents[0]).toMatchObject({
      spec: {
        replicas: 3,
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { spec: { terminationGracePeriodSeconds: 40 } },
      },
    });
    expect(documents[1]).toMatchObject({ spec: { maxUnavailable: 1 } });
  });
});

describe.each(["kubernetes.yaml", "kubernetes.cluster.yaml"])("%s", async (file) => {
  const text = await read(`deploy/${file}`);

  it("sets variables and asks routes that exist", () => {
    const names = [...text.matchAll(/\{ name: ([A-Z_]+), value/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !VARIABLES.includes(name))).toEqual([]);
    const probes = [...text.matchAll(/httpGet: \{ path: ([^,]+),/g)].map(([, path = ""]) => path);
    expect(probes).toEqual(["/health/live", "/health/ready"]);
  });
});

describe("metrics that alarms and the dashboard use", async () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stop = defineInstruments(
    registry,
    () => Promise.resolve([]),
    () => undefined,
  );
  defineClusterInstruments(registry, () => undefined);
  const metrics = registry.getMetricsAsArray() as unknown as {
    name: string;
    type: string;
    labelNames: string[];
  }[];
  void stop;
  /** Each series by its name in a query, with its labels. */
  const series = new Map<string, readonly string[]>([["up", ["job"]]]);
  for (const { name, type, labelNames } of metrics) {
    const parts = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    for (const part of parts)
      series.set(name + part, [...labelNames, "job", ...(part === "_bucket" ? ["le"] : [])]);
  }

  /** What a query asks for that does not exist. */
  function unknownIn(query: string): string[] {
    const found: string[] = [];
    const labels = new Set<string>();
    for (const [, name = ""] of query.matchAll(/\b((?:zpwoot|process|nodejs)_\w+|up)\b/g)) {
      if (!series.has(name)) found.push(name);
      for (const label of series.get(name) ?? []) labels.add(label);
    }
    const used = [...query.matchAll(/[{,]\s*(\w+)\s*[=!]/g), ...query.matchAll(/by \(([^)]*)\)/g)];
    for (const [, list = ""] of used)
      for (const label of list.split(/,\s*/)) if (!labels.has(label)) found.push(`{${label}} in ${query}`);
    return found;
  }

  it("exist, with the labels that alarms ask for; each says what to do", async () => {
    const { groups } = parse(await read("deploy/prometheus-rules.yaml")) as {
      groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
    };
    const rules = groups.flatMap(({ rules: all }) => all);
    expect(rules.length).toBeGreaterThan(10);
    for (const { expr, annotations } of rules) {
      expect(unknownIn(expr)).toEqual([]);
      expect(annotations["summary"]).toMatch(/\S/);
      expect(annotations["action"]).toMatch(/\S/);
    }
    const production = await readFile(join(ROOT, "docs/production.md"), "utf8");
    const named = [...production.matchAll(/`(Zpwoot\w+)`/g)].map(([, name]) => name);
    expect(rules.map(({ alert }) => alert)).toEqual(expect.arrayContaining(named));
  });

  it("exist in the dashboard, which shows every one of ours", async () => {
    const { panels } = JSON.parse(await read("deploy/grafana-dashboard.json")) as {
      panels: { targets: { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(queries.flatMap(unknownIn)).toEqual([]);
    const shown = queries.join(" ");
    expect(
      metrics.map(({ name }) => name).filter((name) => /^zpwoot_/.test(name) && !shown.includes(name)),
    ).toEqual([]);
  });
});
