/** Every fault of the emulator, and how a session must handle it in each part of its life. */
import type { FaultAction, FaultRule, Phase, ServiceBehaviour } from "../../src/testing/index.js";

/** The parts of a session's life. */
export const chaosPhases = ["handshake", "linking", "login", "open"] as const;
type ChaosPhase = (typeof chaosPhases)[number];

/** The expected end: the session recovers by itself, or stops in a state from which `connect` continues. */
type End = "recovers" | `${string}: ${string}`;

/** One fault in one part of a session's life. */
export interface ChaosCell {
  /** What the table shows. */
  readonly fault: string;
  readonly phase: ChaosPhase;
  readonly rules?: readonly FaultRule[];
  readonly behaviour?: Partial<ServiceBehaviour>;
  /** Done to the open connection. */
  readonly now?: FaultAction;
  /** How the phone links, in `linking`. Default by QR code. */
  readonly by?: "qr" | "code";
  readonly end: End;
}

const STEPS: Readonly<Record<ChaosPhase, readonly Phase[]>> = {
  handshake: ["upgrade", "client-hello", "client-finish", "pair-device"],
  linking: ["pair-success", "restart"],
  login: ["login", "pre-keys", "active"],
  open: [],
};

/** How often a fault strikes before it is over. Where a phone has to act, or time has to pass: once. */
const STRIKES = 3;

/** Ends of a connection, at every step, and on the open connection. */
const BREAKS: readonly FaultAction[] = [
  "close",
  "fin",
  "reset",
  "silence",
  "garbage",
  "unknown-token",
  { closeCode: 1001 },
  { closeCode: 1011 },
];

/** Verdicts, which only an encrypted stream can carry. `linked`: how a linked session ends, and `unlinked` one that is not. */
const VERDICTS: readonly {
  readonly action: FaultAction;
  readonly linked: End;
  readonly unlinked: End;
}[] = [
  { action: { failure: { reason: 400 } }, linked: "recovers", unlinked: "recovers" },
  { action: { failure: { reason: 401 } }, linked: "loggedOut: login-refused", unlinked: "recovers" },
  ...both({ failure: { reason: 402, expire: 1 } }, "restricted: temporary-ban"),
  ...both({ failure: { reason: 403 } }, "restricted: locked"),
  ...both({ failure: { reason: 405 } }, "recovers"),
  ...both({ failure: { reason: 406 } }, "restricted: banned"),
  ...both({ failure: { reason: 409 } }, "failed: client-refused"),
  ...both({ failure: { reason: 500 } }, "recovers"),
  ...both({ failure: { reason: 503 } }, "recovers"),
  ...both({ failure: {} }, "recovers"),
  ...both({ streamError: 515 }, "recovers"),
  { action: { streamError: 401 }, linked: "loggedOut: device-removed", unlinked: "recovers" },
  {
    action: { streamError: { child: "conflict", type: "device_removed" } },
    linked: "loggedOut: device-removed",
    unlinked: "recovers",
  },
  ...both({ streamError: 440 }, "recovers"),
  ...both({ streamError: 500 }, "recovers"),
  ...both({ streamError: 503 }, "recovers"),
  ...both({ streamError: { child: "xml-not-well-formed" } }, "recovers"),
  ...both({ streamError: { child: "ack" } }, "recovers"),
  ...both({ streamError: {} }, "recovers"),
  ...both("downgrade", "failed: multi-device-mismatch"),
];

function both(action: FaultAction, end: End) {
  return [{ action, linked: end, unlinked: end }] as const;
}

/** The start-up queries of both libraries: those that a session waits for, and those that it opens without. */
const QUERIES = [
  { xmlns: "encrypt", child: "count" },
  { xmlns: "passive", child: "active" },
  { child: "props" },
  { xmlns: "blocklist" },
  { xmlns: "privacy", child: "privacy" },
] as const;

function nameOf(action: FaultAction): string {
  return typeof action === "string" ? action : JSON.stringify(action).replace(/["{}]/g, "").replace(/:$/, "");
}

function strikes(phase: ChaosPhase, action: FaultAction): number {
  return phase === "linking" || action === "silence" || typeof action === "object" ? 1 : STRIKES;
}

function breaks(): ChaosCell[] {
  return BREAKS.flatMap((action) => [
    ...chaosPhases.flatMap((phase) =>
      STEPS[phase]
        .filter((at) => possible(at, action))
        .map((at): ChaosCell => {
          const rules = [{ at, action, times: strikes(phase, action) }];
          return { fault: `${nameOf(action)} at ${at}`, phase, rules, end: "recovers" };
        }),
    ),
    { fault: nameOf(action), phase: "open", now: action, end: "recovers" } as const,
  ]);
}

/** Before the upgrade there is neither frame nor WebSocket, before the end of the handshake no word. */
function possible(at: Phase, action: FaultAction): boolean {
  if (at === "upgrade")
    return action === "close" || action === "reset" || action === "silence" || action === "fin";
  return at !== "client-hello" || action !== "unknown-token";
}

function verdicts(): ChaosCell[] {
  const places: readonly { phase: ChaosPhase; at: Phase; linked: boolean }[] = [
    { phase: "handshake", at: "client-finish", linked: false },
    { phase: "linking", at: "pair-success", linked: false },
    { phase: "login", at: "login", linked: true },
  ];
  return VERDICTS.flatMap(({ action, linked, unlinked }) => [
    ...places.map((place): ChaosCell => ({
      fault: nameOf(action),
      phase: place.phase,
      rules: [{ at: place.at, action }],
      end: place.linked ? linked : unlinked,
    })),
    { fault: nameOf(action), phase: "open", now: action, end: linked } as const,
  ]);
}

function upgrades(): ChaosCell[] {
  const statuses = [302, 401, 403, 407, 429, 500, 503];
  return statuses.flatMap((httpStatus) =>
    (["handshake", "login"] as const).map((phase): ChaosCell => {
      const action = { httpStatus };
      return {
        fault: nameOf(action),
        phase,
        rules: [{ at: "upgrade", action, times: STRIKES }],
        end: "recovers",
      };
    }),
  );
}

function handshakes(): ChaosCell[] {
  const spoilt = ["corrupt", "wrong-certificate"] as const;
  const slow = (["upgrade", "client-hello", "client-finish"] as const).map((at) => ({
    at,
    action: { delayMs: 150 },
  }));
  const rules: FaultRule[] = [
    ...spoilt.map((action) => ({ at: "client-hello" as const, action, times: STRIKES })),
    ...slow,
  ];
  return rules.flatMap((rule) =>
    (["handshake", "login"] as const).map((phase): ChaosCell => ({
      fault: `${nameOf(rule.action)} at ${rule.at}`,
      phase,
      rules: [rule],
      end: "recovers",
    })),
  );
}

function queries(): ChaosCell[] {
  const actions: readonly FaultAction[] = ["drop", { error: 500 }, { delayMs: 100 }];
  return QUERIES.flatMap((query) =>
    actions.map((action): ChaosCell => ({
      fault: `${nameOf(action)} of ${Object.values(query).join(" ")}`,
      phase: "login",
      rules: [{ at: "query", query, action }],
      end: "recovers",
    })),
  );
}

function linking(): ChaosCell[] {
  const cell = (fault: string, more: Omit<ChaosCell, "fault" | "phase">): ChaosCell => ({
    fault,
    phase: "linking",
    ...more,
  });
  const exchanges = (["companion-hello", "companion-finish"] as const).flatMap((at) =>
    (["drop", { error: 429 }, "close", "silence", "garbage", { delayMs: 100 }] as const).map((action) =>
      cell(`${nameOf(action)} at ${at}`, { by: "code", rules: [{ at, action }], end: "recovers" }),
    ),
  );
  return [
    ...exchanges,
    cell("wrong HMAC", { behaviour: { wrongHmac: true }, end: "recovers" }),
    cell("companion_reg_refresh", { behaviour: { refreshScans: 1 }, end: "recovers" }),
    cell("refresh_code", { behaviour: { refreshCodes: 1 }, by: "code", end: "recovers" }),
    cell("passkey gate", { behaviour: { passkeyGate: true }, end: "recovers" }),
    cell("expired references", { behaviour: { refLifetimeMs: 0 }, end: "recovers" }),
    cell("expired pairing code", { behaviour: { codeLifetimeMs: 0 }, by: "code", end: "recovers" }),
    cell("validated display", { behaviour: { validateDisplay: true }, by: "code", end: "recovers" }),
    ...(["drop", { error: 500 }, { delayMs: 100 }] as const).map((action) =>
      // The first login uploads pre-keys.
      cell(`${nameOf(action)} of encrypt registration`, {
        rules: [{ at: "query", query: { xmlns: "encrypt", child: "registration" }, action }],
        end: "recovers",
      }),
    ),
    cell("delayMs:100 at pair-success", {
      rules: [{ at: "pair-success", action: { delayMs: 100 } }],
      end: "recovers",
    }),
  ];
}

function others(): ChaosCell[] {
  const at = (phase: ChaosPhase, fault: string, more: Partial<ChaosCell>): ChaosCell => ({
    fault,
    phase,
    end: "recovers",
    ...more,
  });
  const everywhere = (
    fault: string,
    behaviour: Partial<ServiceBehaviour>,
    end: End = "recovers",
  ): ChaosCell[] => chaosPhases.map((phase) => at(phase, fault, { behaviour, end }));
  const deliveries = (["duplicate", "corrupt", "drop", { delayMs: 100 }] as const).map((action) =>
    at("open", `${nameOf(action)} at delivery`, { rules: [{ at: "delivery", action }] }),
  );
  const acks = (["drop", { error: 479 }, { delayMs: 100 }] as const).map((action) =>
    at("open", `${nameOf(action)} at message`, { rules: [{ at: "message", action }] }),
  );
  return [
    at("handshake", "no references", { behaviour: { refCount: 0 }, end: "idle: link-timeout" }),
    at("handshake", "second pair-device", { rules: [{ at: "pair-device", action: "duplicate" }] }),
    at("handshake", "late pair-device", { rules: [{ at: "pair-device", action: { delayMs: 150 } }] }),
    ...deliveries,
    ...acks,
    ...everywhere("compressed frames", { compressFrames: true }),
    ...everywhere("no LID", { announceLid: false }),
    ...everywhere("no end of offline traffic", { announceOffline: false }),
    at("handshake", "version floor", {
      behaviour: { minimumVersion: [9, 0, 0] },
      end: "waiting: client-outdated",
    }),
    at("login", "version floor", {
      behaviour: { minimumVersion: [9, 0, 0] },
      end: "waiting: client-outdated",
    }),
  ];
}

/** Every cell of the table. */
export const chaosCells: readonly ChaosCell[] = [
  ...breaks(),
  ...verdicts(),
  ...upgrades(),
  ...handshakes(),
  ...linking(),
  ...queries(),
  ...others(),
];
