/** The rows of the table: what is wrong around a session. */
import type { ProxyConfig } from "../../../src/api/session-info.js";
import type { EngineProcess, Output } from "./engine-process.js";
import type { Gates, World } from "./world.js";
import type { HowClosed } from "./gate.js";
import type { Act, RowOptions } from "./protocol.js";
import { FAILING_DISK } from "./row-manager.js";

/** Where the fault works. */
export interface Place {
  readonly world: World;
  readonly engine: EngineProcess;
}

/** One row. */
export interface Fault {
  readonly name: string;
  /** How the row's manager is made. */
  readonly options?: (world: World) => Partial<RowOptions>;
  readonly begin: (place: Place) => Promise<unknown>;
  readonly end: (place: Place) => Promise<unknown>;
  readonly output?: Output;
  /** Whether the session's own connection is broken, or its store: it has to come back, and its sibling may have to. */
  readonly breaks: "nothing" | "victim" | "both";
  /** More to do in each phase, and how it must end. */
  readonly also?: { readonly what: Act; readonly argument: (world: World) => string; readonly code: string };
}

const HOUR_MS = 3_600_000;
const local = (protocol: ProxyConfig["protocol"], port: number): ProxyConfig => ({
  ...{ protocol, host: "127.0.0.1", port },
});

function closed(gate: keyof Gates, how: HowClosed, more: Partial<Fault> = {}): Fault {
  return {
    name: `${gate}: ${how}`,
    breaks: "nothing",
    begin: ({ world }) => world.gates[gate].close(how),
    end: ({ world }) => world.gates[gate].open(),
    ...more,
  };
}

const proxied = {
  breaks: "victim",
  options: ({ gates }: World) => ({ proxy: local("http", gates.proxy.port) }),
} as const;

/** The longest login that SOCKS can carry, in the bytes of its encoding. */
const LOGIN_BYTES = 255;
const longLogin: Fault = {
  name: "proxy: SOCKS long login",
  breaks: "victim",
  options: ({ gates }) => ({
    proxy: { ...local("socks5", gates.socks.port), username: "someone", password: "else" },
  }),
  begin: ({ world, engine }) =>
    setProxy(engine, { ...socks(world), username: "a".repeat(LOGIN_BYTES), password: "x" }),
  end: ({ world, engine }) => setProxy(engine, socks(world)),
  also: {
    what: "set proxy",
    argument: (world) => JSON.stringify({ ...socks(world), username: "é".repeat(130) }),
    code: "INVALID_INPUT",
  },
};

function socks({ gates }: World): ProxyConfig {
  return { ...local("socks5", gates.socks.port), username: "someone", password: "else" };
}

async function setProxy(engine: EngineProcess, proxy: ProxyConfig): Promise<void> {
  await engine.call("act", "victim", "set proxy", 15_000, JSON.stringify(proxy));
}

const withWebhook = {
  options: ({ gates }: World) => ({ webhook: `http://127.0.0.1:${gates.receiver.port}/hook` }),
};

/** The log has to be written to: a receiver that can't be reached is in it. */
function output(how: Output): Fault {
  const refused = closed("receiver", "refused", withWebhook);
  return {
    ...refused,
    name: `output: ${how}`,
    output: how,
    begin: async (place) => {
      await place.engine.call("talk", how === "stalled" ? 300_000 : 10);
      await refused.begin(place);
    },
  };
}

/** Nothing is wrong: what the sessions that nothing is done to are measured against. */
export const CONTROL: Fault = {
  name: "nothing",
  breaks: "nothing",
  begin: async () => {},
  end: async () => {},
};

/** All rows. */
export const FAULTS: readonly Fault[] = [
  closed("proxy", "silent", { ...proxied }),
  closed("proxy", "garbage", proxied),
  closed("proxy", "flood", proxied),
  closed("proxy", "cut", proxied),
  closed("proxy", "refused", proxied),
  longLogin,
  closed("download", "stall"),
  closed("download", "endless"),
  closed("download", "cut answer"),
  closed("download", "garbage"),
  closed("upload", "silent"),
  closed("upload", "endless"),
  closed("upload", "cut answer"),
  closed("upload", "refused"),
  closed("receiver", "silent", withWebhook),
  closed("receiver", "endless", withWebhook),
  closed("receiver", "cut", withWebhook),
  closed("receiver", "slow", withWebhook),
  {
    name: "disk: full",
    breaks: "both",
    options: ({ disk }) => ({ store: `lmdb:${disk.folder}/row` }),
    begin: async ({ world }) => world.fill(),
    end: async ({ world }) => world.makeRoom(),
  },
  ...(["refuses", "hangs"] as const).map((how): Fault => ({
    name: `disk: ${how}`,
    breaks: "both",
    options: () => ({ store: FAILING_DISK }),
    begin: ({ engine }) => engine.call("setDisk", how),
    end: ({ engine }) => engine.call("setDisk", "works"),
  })),
  ...(
    [
      ["back", -HOUR_MS],
      ["forward", HOUR_MS],
    ] as const
  ).map(([way, ms]): Fault => ({
    name: `clock: ${way} an hour`,
    breaks: "nothing",
    begin: ({ engine }) => engine.call("setClock", ms),
    end: ({ engine }) => engine.call("setClock", 0),
  })),
  output("closed"),
  output("full"),
  output("stalled"),
];
